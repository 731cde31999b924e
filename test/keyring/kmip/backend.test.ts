import { conformance } from '../conformance.ts';
import { FakeServer } from './fake-server.ts';
import { keyringOver } from './support.ts';

const okv = new FakeServer();
conformance('kmip, profile okv', {
  open: () => keyringOver(okv.port()),
  durable: true,
  anyType: false,
});

const destroyedStay = new FakeServer({ keepsDestroyed: true });
conformance('kmip, profile okv, nothing cached, destroyed objects stay', {
  open: () => keyringOver(destroyedStay.port(), { cacheKeys: false }),
  durable: true,
  anyType: false,
});

const plain = new FakeServer({
  operations: ['Create', 'Register', 'Locate', 'Get', 'GetAttributes', 'Activate', 'Revoke', 'Destroy', 'Query'],
  customAttributes: false,
  overMatches: true,
});
conformance('kmip, profile name, a server that gives too much', {
  open: () => keyringOver(plain.port()),
  durable: true,
  anyType: false,
});
