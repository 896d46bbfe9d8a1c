"""MATPOWER cases as text or as a file of MATLAB."""
