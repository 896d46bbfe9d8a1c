"""The state of a grid by few sensors: least squares over all steps, bands, bad data, and where sensors should be.

`measured` and `pseudo` are what is given, `correlation` says what errs together; `readings` and `model` say what
sensors should read in a state; `gain` and `estimate` find the state; `observability`, `bad_data` judge it; `sensors`,
`candidates`, `placement` are about sensors.
"""
