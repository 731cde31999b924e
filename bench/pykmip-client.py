# PyKMIP's own client, in the race of cases/kmip.mjs: for each line `COUNT UNIQUE_ID` on its input it fetches that object COUNT times
# over one connection and prints the nanoseconds that one took.
import sys
import time

from kmip.core import enums
from kmip.pie.client import ProxyKmipClient

port, ca, cert, key = sys.argv[1:]
client = ProxyKmipClient(
    hostname="127.0.0.1",
    port=int(port),
    cert=cert,
    key=key,
    ca=ca,
    ssl_version="PROTOCOL_TLSv1_2",
    kmip_version=enums.KMIPVersion.KMIP_1_1,
)
with client:
    print("ready", flush=True)
    for line in sys.stdin:
        count, uid = line.split()
        start = time.perf_counter_ns()
        for _ in range(int(count)):
            if len(client.get(uid).value) != 32:
                raise SystemExit("not the key")
        print((time.perf_counter_ns() - start) // int(count), flush=True)
