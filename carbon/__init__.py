"""Carbon of a grid: who emits it, what carries it, and who answers for it.

- `carbon.factors` gives emission factors with their sources, `carbon.upstream` what imports are made of.
- `carbon.tracing.trace` follows carbon from sources through a solved power flow to every node, with `carbon.stocks` for
  what stores hold; `carbon.mixing` is the linear system behind both.
- `carbon.ledgers` says who answers for every kilogram, `carbon.reporting` and `carbon.inventory` by which standard.
- `carbon.data_centre` computes PUE, water and carbon of data centres.

Powers are withdrawals in MW, positive when drawn; energies in MWh, carbon in kg of CO2e, intensities in kg/MWh.
"""
