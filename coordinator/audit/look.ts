// One look at an output: a check of all of it, or of each block that is meant, or one of several such looks.
import { type Block, blocksIn } from './blocks.js';
import { checkCapture, checkCount } from './captured.js';
import { error, few, type Outcome, patternFor, type Sight, type Sphere, shown } from './outcome.js';
import type { Look, Scope } from './policy.js';
import { checkAbsent, checkPresent } from './presence.js';
import { findLine, type Region } from './region.js';
import { checkRows } from './rowscheck.js';
import { checkGolden, checkUnchanged, sightWhole } from './whole.js';
import { expectedBy } from './words.js';

const MOST_BLOCKS_SHOWN = 3;

export function look(at: Look, region: Region, sphere: Sphere): Outcome {
  return at.scope === null ? checkOf(at, region, sphere) : inBlocks(at, at.scope, region, sphere);
}

function checkOf({ check, none }: Look, region: Region, sphere: Sphere): Outcome {
  switch (check.kind) {
    case 'present':
      return checkPresent(check.wanted, region, sphere);
    case 'absent':
      return checkAbsent(check.wanted, region, sphere);
    case 'count':
      return checkCount(check, region, sphere);
    case 'capture':
      return checkCapture(check, none, region, sphere);
    case 'rows':
      return checkRows(check, none, region, sphere);
    case 'golden':
      return checkGolden(check, region, sphere);
    case 'unchanged_since':
      return checkUnchanged(check, sphere);
    case 'same_as':
      return sightWhole(check, region, sphere);
    case 'any':
      return oneOf(check.of.map((one) => look(one, region, sphere)));
  }
  check satisfies never;
}

/** The first that holds; without one, an error before a failure. */
function oneOf(outcomes: Outcome[]): Outcome {
  const passed = outcomes.find(({ status }) => status === 'pass');
  if (passed !== undefined) return passed;
  const errors = outcomes.filter(({ status }) => status === 'error');
  const failed = outcomes.filter(({ status }) => status === 'fail');
  if (errors.length === 0 && failed.length > 0)
    return { status: 'fail', sights: few(failed.flatMap(({ sights }) => sights)) };
  return errors[0] ?? outcomes[0] ?? error('there is nothing to look for');
}

function inBlocks(at: Look, scope: Scope, region: Region, sphere: Sphere): Outcome {
  const heads = scope.path.map((text) => patternFor(text, sphere.fields));
  const words = scope.path.join(' > ');
  let blocks: Block[] = [{ head: '', number: 0, region }];
  for (const head of heads) blocks = blocks.flatMap((block) => blocksIn(block.region, head));
  if (blocks.length === 0) {
    const message = `there is no block ${words}: the rule has nothing to look at`;
    const sight = { line: null, expected: expectedBy(at), found: 'no such block', message };
    return { status: at.none ?? 'error', sights: [sight] };
  }
  const meant = blocks.filter((block) => holds(block, scope, sphere));
  if (meant.length === 0) {
    const found = `${blocks.length} blocks ${words}, none of this kind`;
    const sight = { line: null, expected: expectedBy(at), found, message: null };
    return { status: at.none ?? 'not-applicable', sights: [sight] };
  }
  const seen = meant.map((block) => ({ block, outcome: checkOf(at, block.region, sphere) }));
  return together(scope, seen, sphere);
}

function holds({ region }: Block, { having, lacking }: Scope, { fields }: Sphere): boolean {
  if (having !== null && findLine(region, patternFor(having, fields)) < 0) return false;
  return lacking === null || findLine(region, patternFor(lacking, fields)) < 0;
}

interface Seen {
  block: Block;
  outcome: Outcome;
}

function together({ which }: Scope, seen: Seen[], sphere: Sphere): Outcome {
  const of = (status: Outcome['status']) => seen.filter(({ outcome }) => outcome.status === status);
  const [errors, failed, passed] = [of('error'), of('fail'), of('pass')];
  const say = (status: Outcome['status'], some: Seen[], most?: number) => ({
    status,
    sights: few(
      some.slice(0, most).flatMap((one) => named(one, sphere)),
      most,
    ),
  });
  if (which === 'any' && passed.length > 0) return say('pass', passed, MOST_BLOCKS_SHOWN);
  if (errors.length > 0) return say('error', errors);
  if (failed.length > 0) return say('fail', failed);
  return passed.length > 0
    ? say('pass', passed, MOST_BLOCKS_SHOWN)
    : say('not-applicable', seen, MOST_BLOCKS_SHOWN);
}

/** What was not found in a block is told at its head. */
function named({ block, outcome }: Seen, { mask }: Sphere): Sight[] {
  const where = `in "${shown(mask(block.head))}"`;
  return outcome.sights.map(({ line, message, ...sight }) => ({
    ...sight,
    line: line ?? block.number,
    message: message === null ? where : `${where}: ${message}`,
  }));
}
