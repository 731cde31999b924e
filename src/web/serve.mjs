// npm run web: serves the page on loopback and prints the address.
import { readFileSync } from 'node:fs';
import { createServer } from 'node:http';
import './build-page.mjs';

const page = readFileSync(new URL('../../dist/inspector.html', import.meta.url));
const server = createServer((request, response) => {
  const found = request.method === 'GET' && (request.url === '/' || request.url === '/inspector.html');
  response.writeHead(found ? 200 : 404, { 'content-type': 'text/html; charset=utf-8', 'cache-control': 'no-store' });
  response.end(found ? page : '');
});
server.listen(Number(process.env.PORT ?? 0), '127.0.0.1', () => {
  console.log(`http://127.0.0.1:${server.address().port}/`);
});
