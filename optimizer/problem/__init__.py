"""The dispatch problem and its schedule: devices, limits, prices, objective; powers, costs, shortfalls."""
