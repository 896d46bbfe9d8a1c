"""Which branches of a distribution grid are open: for low losses or carbon, and to restore supply after a fault."""

from optimizer.switching.reconfiguration import Exchange, Reconfiguration, reconfigure

__all__ = ["Exchange", "Reconfiguration", "reconfigure"]
