"""The rolling horizon: window after window, each decided on what it knows, then realised in AC power flow."""
