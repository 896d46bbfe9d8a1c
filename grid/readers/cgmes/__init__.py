"""CIM/CGMES profiles: their files, the objects that they state, and pandapower's tables of them."""
