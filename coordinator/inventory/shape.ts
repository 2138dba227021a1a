// What a shape of inventories is: how its sources are known and who reads them. A reader gives documents, so that
// fields, references, patterns, duplicates and the places of errors are the same for all shapes.
import type { Platforms } from '../../proto/platform.js';
import type { InventoryDocument, Located, Source } from './located.js';
import type { Issues } from './wording.js';

export interface InventoryIo {
  /** Where relative sources start. */
  cwd: string;
  /** Read for the source `-`. */
  stdin: AsyncIterable<Uint8Array | string>;
  env: Readonly<Record<string, string | undefined>>;
  platforms: Platforms;
  /** `--map`: what the columns of a router.db are. */
  columns?: string | null;
  /** Files with passwords of Ansible's vaults, `LABEL@FILE` or FILE. */
  vaultPasswordFiles?: readonly string[];
}

/** A source, as far as it was looked at to know its shape. */
export interface Given {
  /** As the user named it, without the name of a shape in front. */
  place: string;
  /** The text of a file, of standard input or of a URL. */
  source: Source | null;
  /** What a directory holds, sorted, directories with a slash behind. */
  names: readonly string[] | null;
  /** The source's text as YAML or JSON, read once; null: there is nothing in it or it is wrong, which was reported. */
  value(): Located | null;
}

/** What a reader may ask for while it reads. What is wrong is reported, never thrown. */
export interface Reading {
  io: InventoryIo;
  issues: Issues;
  warnings: Issues;
  /** The text of a file, of `-` or of a URL; null: it cannot be read, which was reported. */
  text(place: string, may?: { empty?: boolean }): Promise<Source | null>;
  /** YAML or JSON; null: there is nothing in it, or what is wrong was reported. */
  value(source: Source): Located | null;
  /** What a directory holds, sorted, directories with a slash behind; null: it is none. */
  names(place: string): Promise<string[] | null>;
}

export type ShapeReader = (
  given: Given,
  reading: Reading,
) => InventoryDocument[] | Promise<InventoryDocument[]>;

export interface Shape {
  /** Forces the shape with a colon behind it: `csv:FILE`. */
  name: string;
  /** In a list of what may be given. */
  about: string;
  /** A directory is of this shape if this holds for what lies in it. */
  directory?: (names: readonly string[]) => boolean;
  /** A text that only this shape has, whatever its name. */
  mark?: (text: string) => boolean;
  /** Names of files of this shape, without their directories. */
  file?: RegExp;
  /** For standard input and files whose names tell nothing. */
  text?: (text: string) => boolean;
  /** For what YAML and JSON hold at the top. */
  value?: (root: Located) => boolean;
  /** Its reader goes to the place itself: an API, a program. */
  fetches?: true;
  /** Loaded when it is needed. */
  load: () => Promise<ShapeReader>;
}
