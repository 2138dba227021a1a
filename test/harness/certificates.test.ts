import { X509Certificate } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { expect, test } from 'vitest';
import { makeCertificates } from '../certificates.ts';

test('leaves are signed by the authority of the test and valid for the names given', async () => {
  await using certificates = await makeCertificates();
  const leaf = await certificates.leaf('agent-1', ['localhost', '127.0.0.1']);
  const authority = new X509Certificate(await readFile(certificates.ca));
  const certificate = new X509Certificate(await readFile(leaf.cert));
  expect(authority.ca).toBe(true);
  expect(certificate.verify(authority.publicKey)).toBe(true);
  expect(certificate.subject).toBe('CN=agent-1');
  expect(certificate.checkHost('localhost')).toBe('localhost');
  expect(certificate.checkIP('127.0.0.1')).toBe('127.0.0.1');
  expect(certificate.checkHost('example.net')).toBeUndefined();
});
