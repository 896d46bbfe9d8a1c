"""The loss of any one branch in the critical hours of a run, and how supply comes back."""
