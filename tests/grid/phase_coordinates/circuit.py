"""A circuit of OpenDSS with what feeders of North America have: split phase, open delta, every model of load."""

CODE = (
    "new linecode.a nphases=3 rmatrix=(0.35|0.15 0.34|0.158 0.153 0.34) xmatrix=(1.02|0.5 1.05|0.42 0.38 1.03) "
    "cmatrix=(10|-2 11|-1 -1.5 10) units=mi"
)
CIRCUIT = f"""
clear
set defaultbasefrequency=60
new circuit.stress basekv=12.47 pu=1.03 bus1=src mvasc3=300 mvasc1=250
{CODE}
new line.l1 bus1=src bus2=a linecode=a length=3 units=mi
new line.l2 bus1=a.1.2 bus2=b.1.2 phases=2 r1=0.3 x1=0.6 r0=0.8 x0=1.4 c1=3 c0=1 length=2 units=mi
new line.l3 bus1=a bus2=c linecode=a length=4 units=mi
new transformer.yd phases=3 windings=2 buses=(a d) conns=(wye delta) kvs=(12.47 0.48) kvas=(500 500) xhl=5
new transformer.split phases=1 windings=3 buses=(b.2.0 e.1.0 e.0.2) kvs=(7.2 0.12 0.12) kvas=(50 50 50) \
xhl=2 xht=2 xlt=1
new transformer.open1 phases=1 windings=2 buses=(c.1.2 f.1.2) conns=(delta delta) kvs=(12.47 12.47) kvas=(2000 2000) \
xhl=1 taps=(1 1.05)
new transformer.open2 phases=1 windings=2 buses=(c.3.2 f.3.2) conns=(delta delta) kvs=(12.47 12.47) kvas=(2000 2000) \
xhl=1 taps=(1 1.02)
new line.jumper bus1=c.2 bus2=f.2 phases=1 r1=0.001 x1=0.001 r0=0.001 x0=0.001 c1=0 c0=0 length=1
new line.l4 bus1=f bus2=g linecode=a length=6 units=mi
new load.zip bus1=a phases=3 kv=12.47 kw=300 kvar=100 model=8 zipv=(0.2 0.3 0.5 0.1 0.6 0.3 0)
new load.motor bus1=b.1.2 phases=1 kv=12.47 conn=delta kw=90 kvar=40 model=3
new load.cvr bus1=d phases=3 kv=0.48 conn=delta kw=200 kvar=90 model=4
new load.across bus1=e.1.2 phases=1 kv=0.24 kw=10 kvar=3 model=1 conn=wye
new load.current bus1=e.1 phases=1 kv=0.12 kw=8 kvar=3 model=5
new load.impedance bus1=e.2 phases=1 kv=0.12 kw=3 kvar=1 model=2
new load.low bus1=g phases=3 kv=12.47 conn=delta kw=900 kvar=500 model=1
new load.lowcurrent bus1=g.1 phases=1 kv=7.2 kw=500 kvar=300 model=5
new load.two bus1=g.2.3 phases=2 kv=12.47 kw=200 kvar=100 model=4
new load.opendelta bus1=g.1.2.3 phases=2 kv=12.47 conn=delta kw=200 kvar=100 model=1
new generator.wye bus1=g phases=3 kv=12.47 kw=100 kvar=20 model=1
new generator.one bus1=g.1 phases=1 kv=7.2 kw=60 kvar=0 model=1
new generator.delta bus1=g phases=3 kv=12.47 conn=delta kw=60 kvar=10 model=1
new capacitor.bank bus1=c phases=3 kv=12.47 kvar=300
new reactor.series bus1=c bus2=c2 phases=3 r=1 x=3
new load.early bus1=c2 kw=50 kvar=20 kv=12.47 model=1 vminpu=0.99
new load.high bus1=src.3 phases=1 kw=50 kvar=20 kv=7.2 model=1 vmaxpu=1.01 status=fixed
new load.highcurrent bus1=src.2 phases=1 kw=50 kvar=20 kv=7.2 model=5 vmaxpu=1.01
set loadmult=1.2
set voltagebases=[12.47 0.48 0.208]
calcvoltagebases
"""
