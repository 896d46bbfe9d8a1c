"""A digest of a network, by which the results of its power flow are found again."""

from __future__ import annotations

from dataclasses import fields

from grid._pandapower.matrices import given_net
from grid.digest import digest_of
from grid.network.network import Network
from grid.sharing import shared


@shared()
def network_digest(network: Network) -> str:
    """A digest of all that a power flow takes from a network: its arrays, and the tables of its pandapower net.

    The net of a network that is stored as arrays follows from it, and is not read for this.
    """
    arrays = (getattr(network, field.name) for field in fields(network) if field.name != "load_net")
    net = given_net(network)
    if net is None:
        return digest_of(*arrays)
    tables = {
        name: {column: table[column].to_numpy() for column in table} | {"index": table.index.to_numpy()}
        for name, table in net.items()
        if hasattr(table, "columns") and not name.startswith(("_", "res_"))
    }
    options = {name: net.get(name) for name in ("f_hz", "sn_mva", "user_pf_options")}
    return digest_of(*arrays, tables, options)
