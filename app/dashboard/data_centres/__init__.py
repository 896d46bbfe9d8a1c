"""The page of data centres: what a result holds, rules, designs, retrofit, other places, a what-if."""
