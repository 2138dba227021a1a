// Vault as netsweep reads it, from our own stand-in for its HTTP interface: see vault.ts. No real Vault was asked.
import { chmodSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { JsonBytes } from '../proto/jsonbytes.js';
import { Vault } from '../proto/vault.js';
import { readVaultReference, readVaultSettings } from '../proto/vaultsettings.js';
import { makeCertificates } from './certificates.ts';
import { FakeVault } from './vault.ts';

const CORE = { path: 'secret/network/core', key: 'password' };

async function open(): Promise<FakeVault> {
  const vault = await FakeVault.open();
  vault.tokens.set('good', ['secret/network/', 'team/kv/']);
  vault.documents.set('/secret/network/core', {
    password: 'pä"ss\\word\u{1f511}',
    enable: 'two',
    number: 7,
    list: [],
  });
  return vault;
}

function reader(vault: FakeVault, more: Record<string, string> = {}): Vault {
  const settings = readVaultSettings({ VAULT_ADDR: vault.address, VAULT_TOKEN: 'good', ...more });
  if (settings === null) throw new Error('no Vault is named');
  return new Vault(settings);
}

async function refusal(vault: Vault, path: string, key = 'password'): Promise<string> {
  return vault.secret({ path, key }).then(
    () => 'a secret',
    (error: Error) => error.message,
  );
}

class Files implements Disposable {
  readonly folder = mkdtempSync(join(tmpdir(), 'netsweep-vault-'));

  write(name: string, text: string, mode = 0o600): string {
    const path = join(this.folder, name);
    writeFileSync(path, text);
    chmodSync(path, mode);
    return path;
  }

  [Symbol.dispose](): void {
    rmSync(this.folder, { recursive: true });
  }
}

test('a secret is read to the byte, and its document once for all keys', async () => {
  await using fake = await open();
  using vault = reader(fake);
  const [password, enable] = await Promise.all([
    vault.secret(CORE),
    vault.secret({ ...CORE, key: 'enable' }),
  ]);
  expect(password.toString()).toBe('pä"ss\\word\u{1f511}');
  expect(enable.toString()).toBe('two');
  expect(fake.requests).toEqual([
    'GET /v1/sys/internal/ui/mounts/secret/network/core',
    'GET /v1/secret/data/network/core',
  ]);
});

test('the mount may have a path of its own, and a namespace', async () => {
  await using fake = await open();
  fake.documents.set('ops/eu/team/kv/edge', { password: 'there' });
  using vault = reader(fake, { VAULT_NAMESPACE: 'ops/eu/' });
  expect((await vault.secret({ path: 'team/kv/edge', key: 'password' })).toString()).toBe('there');
});

test('each thing that goes wrong is said as it is', async () => {
  await using fake = await open();
  fake.documents.set('/secret/network/gone', null);
  using vault = reader(fake, { VAULT_MAX_RETRIES: '0' });
  expect(await refusal(vault, 'secret/network/none')).toBe('there is nothing at secret/network/none (404)');
  expect(await refusal(vault, 'secret/network/gone')).toBe(
    'the latest version was deleted at secret/network/gone (404)',
  );
  expect(await refusal(vault, 'secret/network/core', 'pasword')).toBe(
    'secret/network/core has no key pasword (it has password, enable, number, list)',
  );
  expect(await refusal(vault, 'secret/network/core', 'number')).toBe(
    'number of secret/network/core is no text, not text',
  );
  expect(await refusal(vault, 'secret/private/x')).toBe(
    'permission denied for secret/private/x (403: 1 error occurred: * permission denied)',
  );
  expect(await refusal(vault, 'elsewhere/x')).toMatch(/^permission denied for elsewhere\/x \(403: preflight/);
  using stranger = reader(fake, { VAULT_TOKEN: 'bad', VAULT_MAX_RETRIES: '0' });
  expect(await refusal(stranger, 'secret/network/core')).toBe(
    'permission denied for secret/network/core (403: permission denied)',
  );
  fake.sealed = true;
  using sealed = reader(fake, { VAULT_MAX_RETRIES: '0' });
  expect(await refusal(sealed, 'secret/network/core')).toBe(`the Vault at ${fake.address} is sealed (503)`);
});

test('a Vault that fails is asked again, one that is silent is given up', async () => {
  await using fake = await open();
  fake.failing = 2;
  using vault = reader(fake);
  expect((await vault.secret({ ...CORE, key: 'enable' })).toString()).toBe('two');
  fake.silent = true;
  using deaf = reader(fake, { VAULT_CLIENT_TIMEOUT: '50ms', VAULT_MAX_RETRIES: '1' });
  expect(await refusal(deaf, 'secret/network/core')).toBe(
    `the Vault at ${fake.address} can't be reached (no answer within 50 ms)`,
  );
  using nobody = reader(fake, { VAULT_ADDR: 'http://127.0.0.1:9', VAULT_MAX_RETRIES: '0' });
  expect(await refusal(nobody, 'secret/network/core')).toBe(
    "the Vault at http://127.0.0.1:9 can't be reached (ECONNREFUSED)",
  );
});

test('an AppRole logs in by its files, and again when its token is no longer taken', async () => {
  await using fake = await open();
  using files = new Files();
  fake.role = { roleId: 'role', secretId: 'hush', seconds: 3_600 };
  const role = {
    VAULT_TOKEN: '',
    VAULT_ROLE_ID_FILE: files.write('role', 'role\n'),
    VAULT_SECRET_ID_FILE: files.write('secret', 'hush\n'),
  };
  using vault = reader(fake, role);
  fake.documents.set('/secret/other', { password: 'again' });
  expect((await vault.secret({ ...CORE, key: 'enable' })).toString()).toBe('two');
  fake.tokens.clear();
  expect((await vault.secret({ path: 'secret/other', key: 'password' })).toString()).toBe('again');
  expect(fake.requests.filter((request) => request.startsWith('POST'))).toHaveLength(2);
  fake.role = null;
  using refused = reader(fake, { ...role, VAULT_MAX_RETRIES: '0' });
  expect(await refusal(refused, 'secret/network/core')).toBe(
    `Vault refuses the role of ${role.VAULT_ROLE_ID_FILE} (400: invalid role or secret ID)`,
  );
  using open_ = reader(fake, { ...role, VAULT_SECRET_ID_FILE: files.write('open', 'hush', 0o644) });
  expect(await refusal(open_, 'secret/network/core')).toMatch(/open can be read by others/);
});

test('over TLS its certificate is checked against the authority that is named', async () => {
  await using certificates = await makeCertificates();
  const { key, cert } = await certificates.leaf('vault');
  await using fake = await FakeVault.open({ key: readFileSync(key), cert: readFileSync(cert) });
  fake.tokens.set('good', ['secret/']);
  fake.documents.set('/secret/a', { password: 'sealed off' });
  using vault = reader(fake, { VAULT_CACERT: certificates.ca });
  expect((await vault.secret({ path: 'secret/a', key: 'password' })).toString()).toBe('sealed off');
  using strict = reader(fake, { VAULT_MAX_RETRIES: '0' });
  expect(await refusal(strict, 'secret/a')).toMatch(/can't be reached \(\w*(SELF_SIGNED|UNABLE)/);
});

describe('what names a Vault, or a secret in it', () => {
  test.each([
    [{ VAULT_ADDR: 'http://vault.example:8200', VAULT_TOKEN: 't' }, /is not encrypted/],
    [{ VAULT_ADDR: 'vault.example', VAULT_TOKEN: 't' }, /expected an address/],
    [{ VAULT_ADDR: 'https://vault.example' }, /no way to log in/],
    [{ VAULT_ADDR: 'https://vault.example', VAULT_ROLE_ID_FILE: '/r' }, /go together/],
    [{ VAULT_ADDR: 'https://v.example', VAULT_TOKEN: 't', VAULT_SKIP_VERIFY: 'true' }, /not believed/],
    [
      { VAULT_ADDR: 'https://v.example', VAULT_TOKEN: 't', VAULT_CLIENT_TIMEOUT: 'soon' },
      /expected a duration/,
    ],
  ])('%j is refused', (given, message) => {
    expect(() => readVaultSettings(given)).toThrow(message);
  });

  test.each(['secret', 'secret#', '#key', 'secret/a', 'secret/../sys/x#k', 'secret//a#k', 'a b/c#k'])(
    '%s is refused',
    (text) => {
      expect(readVaultReference(text)).toBeNull();
    },
  );

  test('one without VAULT_ADDR is none', () => {
    expect(readVaultSettings({ VAULT_TOKEN: 't' })).toBeNull();
    expect(readVaultReference('/secret/a/b#the key')).toEqual({ path: 'secret/a/b', key: 'the key' });
  });
});

test('texts are taken out of JSON as JSON has them', () => {
  const values = [
    '',
    'plain',
    '"',
    '\\',
    '\n\t\u0001',
    'ü',
    '\u20ac',
    '\u{1f511}',
    '{"a":1}',
    'x'.repeat(10_000),
  ];
  for (const value of values)
    for (const text of [JSON.stringify, (what: unknown) => escaped(JSON.stringify(what))]) {
      const json = text({
        before: [1, -2.5e3, { value: 'no' }, null, []],
        a: { 'b"': { value } },
        after: true,
      });
      const found = new JsonBytes(Buffer.from(json)).textAt(['a', 'b"', 'value']);
      expect(found?.toString()).toBe(value);
    }
  expect(new JsonBytes(Buffer.from('{"a":{}}')).textAt(['a', 'b'])).toBeNull();
  expect(() => new JsonBytes(Buffer.from('{"a":')).textAt(['b'])).toThrow(SyntaxError);
});

/** Everything beyond ASCII in numbers, as some servers write it. */
function escaped(json: string): string {
  return json.replace(/[^\0-\x7f]/g, (unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`);
}
