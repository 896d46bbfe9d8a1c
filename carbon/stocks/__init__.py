"""What stores hold of energy and carbon, and pass on."""
