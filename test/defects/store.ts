import type { Defect } from './defect.ts';

const FULL = 'test/store/full.test.ts';

export const defects: Defect[] = [
  {
    name: 'A full disk ends the store instead of making it wait',
    file: 'coordinator/store/queue.ts',
    find: 'if (isFull(error)) this.#waitForRoom(group);',
    replace: 'if (isFull(error) && this.#full) this.#waitForRoom(group);',
    test: {
      file: FULL,
      title:
        'commits that find the disk full wait and are written when there is room, none of them lost or written twice',
    },
  },
  {
    name: 'A group that found no room is forgotten',
    file: 'coordinator/store/queue.ts',
    find: 'this.#commits = [...group, ...this.#commits];',
    replace: 'this.#answer({ ids: group.map(({ id }) => id), value: 0 });',
    test: {
      file: FULL,
      title:
        'commits that find the disk full wait and are written when there is room, none of them lost or written twice',
    },
  },
  {
    name: 'A store that is told to close waits for room',
    file: 'coordinator/store/queue.ts',
    find: 'const done = this.#resting || this.#commits.length === 0;',
    replace: 'const done = this.#commits.length === 0;',
    test: {
      file: FULL,
      title: 'a store on a full disk closes, and opens again full, with all that was acknowledged',
    },
  },
];
