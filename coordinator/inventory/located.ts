// Values with the place they were read from: what every reader of an inventory file gives to the next station,
// so that a message about a value can name its line and column. Places are offsets until somebody asks.
import type { Position, SealedBy } from './inventory.js';

/** The text of one input file, without its byte order mark. */
export class Source {
  private lineStarts: number[] | undefined;

  constructor(
    /** As the user gave it. */
    readonly file: string,
    readonly text: string,
    /** Where relative paths inside it start. */
    readonly directory: string,
    /** Whether it may name files and programs that hold secrets. */
    readonly trusted: boolean,
    /** Whether it was encrypted: no message repeats what stands in it. */
    readonly isSealed = false,
  ) {}

  positionAt(offset: number): Position {
    this.lineStarts ??= startsOfLines(this.text);
    let low = 0;
    let high = this.lineStarts.length - 1;
    while (low < high) {
      const middle = (low + high + 1) >> 1;
      if ((this.lineStarts[middle] ?? 0) <= offset) low = middle;
      else high = middle - 1;
    }
    return { file: this.file, line: low + 1, column: offset - (this.lineStarts[low] ?? 0) + 1 };
  }
}

/** Where something stands; null: on the command line. */
export type Place = { source: Source; offset: number } | null;

export type Located = { at: Place } /** `sealed`: encrypted so, until somebody needs it. */ & (
  | { kind: 'text'; text: string; sealed?: SealedBy }
  /** `text` is the number as it was written. */
  | { kind: 'number'; number: number; text: string }
  | { kind: 'boolean'; boolean: boolean }
  | { kind: 'null' }
  | { kind: 'list'; items: Located[] }
  | { kind: 'map'; fields: Map<string, Field> }
  /** Something that cannot be read without running it, in a few words, and what to write in its place. */
  | { kind: 'opaque'; words: string; meant?: string }
);

export type LocatedMap = Extract<Located, { kind: 'map' }>;

export interface Field {
  at: Place;
  value: Located;
  /** Another tool's own data: kept under its name, whatever that would mean here. */
  data?: true;
}

/** What one file says, whatever its shape. */
export interface InventoryDocument {
  defaults: LocatedMap | null;
  /** Null where groups are only labels on devices. */
  groups: Map<string, Field> | null;
  /** The groups and devices of other documents know nothing of these groups. */
  ownGroups?: true;
  /** Groups with the groups in them, where `groups` does not say so. */
  children?: ReadonlyMap<string, readonly string[]>;
  /** Gone through once; what is wrong with their structure may be reported on the way. */
  devices: Iterable<LocatedDevice>;
  /** Names of groups with their devices' names, where patterns look at them in this order. */
  members?: () => Map<string, string[]>;
  /** Called once when all sources are read, by which a document may still become another. */
  complete?: () => Promise<InventoryDocument>;
}

export interface LocatedDevice {
  at: Place;
  /** The name the file's structure gives: a key, a variable. */
  name: string | null;
  fields: Map<string, Field>;
  /** Groups that the file's structure gives, after the device's own. */
  groups: string[];
  /** Why it cannot be swept, where its source says so: it is told and counted, and no entry. */
  leftOut?: string;
  /** What is only data, whatever its names; what counts most last. The same object may be many devices'. */
  data?: readonly Record<string, unknown>[];
}

export function positionOf(place: Place): Position | null {
  return place === null ? null : place.source.positionAt(place.offset);
}

/** The bare value, for fields that are only data; what cannot be read is left out. */
export function bareValue(located: Located): unknown {
  switch (located.kind) {
    case 'text':
      return located.text;
    case 'number':
      return located.number;
    case 'boolean':
      return located.boolean;
    case 'null':
      return null;
    case 'list':
      return located.items.map(bareValue);
    case 'map':
      return Object.fromEntries(Array.from(located.fields, ([key, field]) => [key, bareValue(field.value)]));
    case 'opaque':
      return undefined;
  }
  located satisfies never;
}

function startsOfLines(text: string): number[] {
  const starts = [0];
  for (let end = text.indexOf('\n'); end !== -1; end = text.indexOf('\n', end + 1)) starts.push(end + 1);
  return starts;
}
