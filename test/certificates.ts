// A certificate authority of a test's own and leaves signed by it, for mutual TLS; made by openssl.
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { isIP } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { output, program } from './process.ts';

export interface Leaf {
  cert: string;
  key: string;
}

export class Certificates implements AsyncDisposable {
  readonly folder: string;
  /** Path of the authority's certificate. */
  readonly ca: string;

  private constructor(folder: string) {
    this.folder = folder;
    this.ca = join(folder, 'ca.crt');
  }

  static async open(): Promise<Certificates> {
    const certificates = new Certificates(await mkdtemp(join(tmpdir(), 'netsweep-certificates-')));
    await writeFile(join(certificates.folder, 'openssl.cnf'), '[req]\ndistinguished_name = name\n[name]\n');
    const uses = ['basicConstraints=critical,CA:TRUE', 'keyUsage=critical,keyCertSign,cRLSign'];
    await certificates.#request('ca', 'netsweep test authority', uses, []);
    return certificates;
  }

  /** A leaf for both ends of a connection. names: DNS names and addresses it is valid for. */
  async leaf(name: string, names: string[] = ['localhost', '127.0.0.1', '::1']): Promise<Leaf> {
    const alternatives = names.map((entry) => `${isIP(entry) ? 'IP' : 'DNS'}:${entry}`).join(',');
    const uses = [
      'basicConstraints=critical,CA:FALSE',
      'keyUsage=critical,digitalSignature',
      'extendedKeyUsage=serverAuth,clientAuth',
      ...(alternatives ? [`subjectAltName=${alternatives}`] : []),
    ];
    return this.#request(name, name, uses, ['-CA', this.ca, '-CAkey', join(this.folder, 'ca.key')]);
  }

  async #request(file: string, name: string, extensions: string[], signer: string[]): Promise<Leaf> {
    const leaf = { cert: join(this.folder, `${file}.crt`), key: join(this.folder, `${file}.key`) };
    const openssl = program('openssl');
    if (openssl === null) throw new Error('no openssl: run deploy/setup.sh --for-tests');
    const key = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-noenc', '-keyout', leaf.key];
    const adding = extensions.flatMap((extension) => ['-addext', extension]);
    const config = ['-config', join(this.folder, 'openssl.cnf')];
    const args = [
      'req',
      '-x509',
      ...config,
      ...key,
      '-days',
      '2',
      '-subj',
      `/CN=${name}`,
      ...adding,
      ...signer,
    ];
    await output(openssl, [...args, '-out', leaf.cert]);
    return leaf;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await rm(this.folder, { recursive: true, force: true });
  }
}

export function makeCertificates(): Promise<Certificates> {
  return Certificates.open();
}
