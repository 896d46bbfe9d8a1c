"""One window of the horizon: programme, rounds, answers, diagnosis."""
