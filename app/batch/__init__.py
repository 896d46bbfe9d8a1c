"""Many runs: sweeps of scenarios, and how they are carried out."""
