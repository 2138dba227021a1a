// docs/troubleshooting.md is held against the program: a section for each kind of failure, and no sentence in it that the
// program does not say.
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { Kind } from '../../proto/gen/netsweep/v1/model.ts';
import { label } from '../../proto/label.ts';
import { root } from '../process.ts';

const PAGE = readFileSync(join(root, 'docs/troubleshooting.md'), 'utf8');
const KINDS = Object.values(Kind)
  .filter((kind) => kind !== Kind.UNSPECIFIED && kind !== Kind.UNRECOGNIZED)
  .map((kind) => label('KIND', kind));
/** Of a sentence that is a device's own word. */
const ANYTHING = '<command>: <what the device said>';

const sections = new Map(
  PAGE.split(/^## /m)
    .slice(1)
    .map((section) => [section.slice(0, section.indexOf('\n')), section]),
);

/** Texts of the program, with `<>` for what is filled in. */
function* texts(): Generator<string> {
  for (const folder of ['agent', 'coordinator'])
    for (const name of readdirSync(join(root, folder), { recursive: true, encoding: 'utf8' }))
      if (name.endsWith('.ts'))
        yield withGaps(readFileSync(join(root, folder, name), 'utf8').replace(/\$\{[^}]*\}/g, '<>'));
}

function withGaps(text: string): string {
  return text.replace(/<[^>\n]*>/g, '<>').replaceAll("\\'", "'");
}

function sentencesOf(section: string): string[] {
  return Array.from(section.matchAll(/^```text\n([\s\S]*?)^```$/gm)).flatMap(([, body = '']) =>
    body.trimEnd().split('\n'),
  );
}

describe('docs/troubleshooting.md', () => {
  test('has a section for each kind of failure, and none for what is no kind', () => {
    expect([...sections.keys()].sort()).toEqual([...KINDS].sort());
    for (const kind of KINDS) expect(PAGE).toContain(`[${kind}](#${kind})`);
  });

  test('quotes what the program says', () => {
    const program = [...texts()];
    const quoted = Array.from(sections.values()).flatMap(sentencesOf);
    const unknown = quoted.filter((sentence) => {
      // Two gaps in a row are one; a part of a sentence stands by itself in the program.
      const parts = withGaps(sentence)
        .split(/(?:<>)+|[;:] /)
        .map((part) => part.trim())
        .filter((part) => part.length > 3);
      return sentence !== ANYTHING && !program.some((text) => parts.every((part) => text.includes(part)));
    });
    expect(unknown).toEqual([]);
    expect(quoted.length).toBeGreaterThan(40);
  });

  test.each(KINDS)('%s: says what is shown, what to look at, and what to run again', (kind) => {
    const section = sections.get(kind) ?? '';
    expect(sentencesOf(section).length).toBeGreaterThan(0);
    expect(section).toMatch(/^- /m);
    expect(section).toMatch(/# look: /);
    expect(section).toContain(`netsweep run -i lab.yaml --rerun last --kind ${kind}`);
  });
});
