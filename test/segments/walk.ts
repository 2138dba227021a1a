// Walks through the page: its blocks are carried out on the hosts that they name, and how long each took is kept.
import type { Lab } from './lab.ts';
import { type Block, readBlocks } from './readme.ts';

/** A host that this lab may have left out. */
const AGENT = /\bdc\d-[ab]\b/g;

export interface Step {
  section: string;
  line: number;
  tookMs: number;
  said: string;
}

export class Walk {
  readonly steps: Step[] = [];
  readonly #blocks: Block[];

  constructor(
    private readonly lab: Lab,
    page: string,
  ) {
    this.#blocks = readBlocks(page);
  }

  /** The sections whose headings begin so, whole, in the order of the page. Throws where one has no block. */
  async through(...sections: string[]): Promise<Step[]> {
    const taken: Step[] = [];
    for (const section of sections) {
      const blocks = this.#blocks.filter((block) => block.section.startsWith(section));
      if (blocks.length === 0) throw new Error(`the page has no commands under ${section}`);
      for (const block of blocks) taken.push(await this.take(block));
    }
    return taken;
  }

  blocks(section: string): Block[] {
    return this.#blocks.filter((block) => block.section.startsWith(section));
  }

  async take({ section, hosts, inTurn, script, line }: Block): Promise<Step> {
    const began = performance.now();
    const names = new Set(this.lab.machines);
    const here = hosts.filter((name) => names.has(name));
    const commands = script.replaceAll(AGENT, (name) => (names.has(name) ? name : ''));
    const said: string[] = [];
    const run = async (name: string) => void said.push(await this.lab.host(name).do(commands));
    if (inTurn) for (const name of here) await run(name);
    else await Promise.all(here.map(run));
    const step = { section, line, tookMs: performance.now() - began, said: said.join('') };
    this.steps.push(step);
    return step;
  }
}
