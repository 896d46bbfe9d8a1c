"""What a result says in answer to a planner's questions: facts as frozen values, without the words for them."""
