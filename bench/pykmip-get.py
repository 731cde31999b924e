# PyKMIP's own client: told by lines of standard input how many Gets to do, it answers with the seconds they took.
# Arguments: host, port, certificate, key, authority, Unique Identifier.
import sys
import time

from kmip.core import enums
from kmip.pie.client import ProxyKmipClient

host, port, cert, key, ca, uid = sys.argv[1:]
client = ProxyKmipClient(
    hostname=host,
    port=int(port),
    cert=cert,
    key=key,
    ca=ca,
    ssl_version="PROTOCOL_TLSv1_2",
    kmip_version=enums.KMIPVersion.KMIP_1_1,
)
with client:
    assert len(client.get(uid).value) == 32
    print("ready", flush=True)
    for line in sys.stdin:
        start = time.perf_counter()
        for _ in range(int(line)):
            client.get(uid)
        print(time.perf_counter() - start, flush=True)
