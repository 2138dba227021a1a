// The command blocks of a page, in its order, each with the hosts that it is for: the first line of a block says that,
// as `# on NAME, NAME`, and after that perhaps `, one after the other`.
import { readFileSync } from 'node:fs';

export interface Block {
  /** The heading that it stands under. */
  section: string;
  hosts: string[];
  /** Else on all of them at once. */
  inTurn: boolean;
  script: string;
  line: number;
}

/** Throws for a block that names no host: it would be run nowhere. */
export function readBlocks(file: string): Block[] {
  const blocks: Block[] = [];
  let section = '';
  let open: { line: number; lines: string[] } | null = null;
  for (const [at, text] of readFileSync(file, 'utf8').split('\n').entries()) {
    if (open === null) {
      section = /^##+ (.*)$/.exec(text)?.[1] ?? section;
      if (text === '```sh') open = { line: at + 1, lines: [] };
    } else if (text !== '```') open.lines.push(text);
    else {
      blocks.push(blockOf(`${file}:${open.line}`, section, open));
      open = null;
    }
  }
  return blocks;
}

function blockOf(where: string, section: string, { line, lines }: { line: number; lines: string[] }): Block {
  const [first = '', ...rest] = lines;
  const [, hosts, inTurn] = /^# on (.+?)(, one after the other)?$/.exec(first) ?? [];
  if (hosts === undefined) throw new Error(`${where}: a block of commands begins with "# on HOST, HOST"`);
  return { section, hosts: hosts.split(', '), inTurn: inTurn !== undefined, script: rest.join('\n'), line };
}
