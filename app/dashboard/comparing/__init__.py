"""The page Compare: any number of results side by side, what explains a difference, and what a tonne less costs."""
