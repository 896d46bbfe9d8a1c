"""By how much estimates of the reference city err, and how long they take."""
