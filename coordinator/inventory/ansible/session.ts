// All of Ansible's sources of one inventory: they are one world, in which a host of one file belongs to a group of
// another. The first source gives the document of all of them, which is worked out when the last one was read.
import { resolve } from 'node:path';
import { decodeText } from '../decode.js';
import { readJson } from '../json.js';
import type { InventoryDocument, Located, LocatedMap, Source } from '../located.js';
import { readPlainYaml } from '../plainyaml.js';
import type { Reading } from '../shape.js';
import { readYaml } from '../yaml.js';
import { AnsibleData } from './data.js';
import { documentOf } from './devices.js';
import { pythonScalar } from './scalars.js';
import { VariablesOfHosts } from './variables.js';
import { readVarsFiles, type VarsFiles, variablesIn } from './varsfiles.js';
import { isVault, VaultOpener } from './vault.js';
import { readVaultPasswords } from './vaultpasswords.js';

const sessions = new WeakMap<Reading, Session>();

/** That of this reading; with the document of all sources, for the first one that asks. */
export function sessionOf(reading: Reading): { session: Session; documents: InventoryDocument[] } {
  const known = sessions.get(reading);
  if (known !== undefined) return { session: known, documents: [] };
  const session = new Session(reading);
  sessions.set(reading, session);
  return { session, documents: [session.document()] };
}

export class Session {
  readonly data: AnsibleData;
  private readonly directories: string[] = [];
  private opening: Promise<VaultOpener> | undefined;
  private meetsVaults = false;
  private hasClosed = false;

  constructor(readonly reading: Reading) {
    this.data = new AnsibleData(reading.issues);
  }

  get issues() {
    return this.reading.issues;
  }

  get warnings() {
    return this.reading.warnings;
  }

  /** Where host_vars and group_vars of a source are; as the user named it, for messages. */
  beside(directory: string): void {
    this.directories.push(directory);
  }

  document(): InventoryDocument {
    return { defaults: null, groups: null, devices: [], complete: () => this.complete() };
  }

  /** A text that may be in a vault; null: it cannot be read, which was reported. */
  async opened(source: Source): Promise<Source | null> {
    this.meetsVaults ||= source.text.includes('$ANSIBLE_VAULT');
    if (!isVault(source.text)) return source;
    const opened = (await this.vault()).open(source.text);
    if ('wrong' in opened) {
      this.issues.report({ source, offset: 0 }, `this file ${opened.wrong}`);
      this.hasClosed = true;
      return null;
    }
    const { file, directory, trusted } = source;
    const plain = decodeText(
      file,
      opened.text,
      { directory, trusted, expected: null, isSealed: true },
      this.issues,
    );
    return plain;
  }

  /** YAML as Ansible reads it, or JSON. */
  value(source: Source): Located | null {
    return (
      readJson(source) ?? readPlainYaml(source, pythonScalar) ?? readYaml(source, this.issues, pythonScalar)
    );
  }

  private async complete(): Promise<InventoryDocument> {
    const variables = await this.variables();
    const vault = this.meetsVaults ? await this.vault() : new VaultOpener([]);
    const { data, hasClosed, reading } = this;
    return documentOf({ data, variables, vault, hasClosed, reading });
  }

  /** Once, when every source is read. */
  async variables(): Promise<VariablesOfHosts> {
    this.data.settle();
    return new VariablesOfHosts(this.data, await this.varsFiles());
  }

  private vault(): Promise<VaultOpener> {
    this.opening ??= readVaultPasswords(this.reading.io, this.issues).then(
      (passwords) => new VaultOpener(passwords),
    );
    return this.opening;
  }

  private async varsFiles(): Promise<VarsFiles[]> {
    const byPath = new Map<string, VarsFiles>();
    const files: VarsFiles[] = [];
    for (const directory of this.directories) {
      const path = resolve(this.reading.io.cwd, directory);
      const known =
        byPath.get(path) ??
        (await readVarsFiles(directory, this.data, (one) => this.variablesIn(one), this.reading));
      byPath.set(path, known);
      files.push(known);
    }
    return files;
  }

  private async variablesIn(path: string): Promise<LocatedMap | null> {
    const read = await this.reading.text(path, { empty: true });
    const source = read === null ? null : await this.opened(read);
    return source === null || source.text.trim() === ''
      ? null
      : variablesIn(this.value(source), source, this.reading);
  }
}
