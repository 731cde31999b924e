// A TLS server in a process of its own that answers every message with the same bytes: what a client costs is then the client's
// alone. Started by cases/kmip.mjs; sends its port, ends with its parent.
import { readFileSync } from 'node:fs';
import { createServer } from 'node:tls';

const [ca, cert, key, answerFile] = process.argv.slice(2).map((path) => readFileSync(path));

const server = createServer({ ca, cert, key, requestCert: true, rejectUnauthorized: true }, (socket) => {
  socket.setNoDelay(true);
  socket.on('error', () => undefined);
  let waiting = 0; // bytes of the message that is coming
  socket.on('data', (chunk) => {
    for (let at = 0; at < chunk.length; ) {
      if (waiting === 0) waiting = 8 + chunk.readUInt32BE(at + 4); // the benchmark's messages come whole
      const taken = Math.min(waiting, chunk.length - at);
      at += taken;
      waiting -= taken;
      if (waiting === 0) socket.write(answerFile);
    }
  });
});
server.listen(0, '127.0.0.1', () => process.send?.(server.address().port));
process.on('disconnect', () => process.exit());
