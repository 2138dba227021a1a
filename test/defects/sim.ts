// Rules of leases, offers and care, broken one by one under the simulation.
import type { Defect } from './defect.ts';

const file = 'test/sim/promises.test.ts';

export const defects: Defect[] = [
  {
    name: 'results are acknowledged before they are on the disk',
    file: 'coordinator/intake/agents.ts',
    find: "    const commit = await this.books.commit(writes);\n    failpoint('intake.committed');\n    link.send({ $case: 'acks', value: { acks, commit: this.books.told(commit) } });",
    replace:
      "    link.send({ $case: 'acks', value: { acks, commit: 0 } });\n    await this.books.commit(writes);",
    test: { file, title: 'a result is acknowledged only once it is on the disk' },
  },
  {
    name: 'whoever claims a shard that is held is given its lease',
    file: 'coordinator/sweep/claims.ts',
    find: 'lease.claimId !== claimId || lease.holder !== instance || lease.expiresAt <= now',
    replace: "claimId === '' || instance === '' || lease.expiresAt <= now",
    test: { file, title: 'a shard that is held is granted to nobody else' },
  },
  {
    name: 'a claim is answered before it is on the disk',
    file: 'coordinator/intake/agents.ts',
    find: "    await this.books.commit(writes);\n    failpoint('claim.committed');",
    replace: '    void this.books.commit(writes);',
    test: { file, title: 'a lease is granted only once it is on the disk' },
  },
  {
    name: 'leave to start is given before it is on the disk',
    file: 'coordinator/books.ts',
    find: '      void this.commit(writes).then(answer);',
    replace: '      void this.commit(writes);\n      answer();',
    test: { file, title: 'a command that may write is sent only once its start is on the disk' },
  },
  {
    name: 'there is no lock delay',
    file: 'coordinator/sweep/outcomes.ts',
    find: 'const free = now + (back.touched ? this.lockDelayMs : 0);',
    replace: 'const free = now;',
    test: { file, title: 'devices of a lost lease rest until its holder must have let go' },
  },
  {
    name: 'a coordinator that starts forgets the leases that were granted',
    file: 'coordinator/sweep/ledger.ts',
    find: "      if (row.epoch === '') {",
    replace: "      if (row.epoch !== '!') {",
    test: { file, title: 'a coordinator that starts holds the leases that it finds' },
  },
  {
    name: 'sockets outlive the share of the term that they have',
    file: 'proto/subjects.ts',
    find: 'export const STOP_SHARE = 0.7;',
    replace: 'export const STOP_SHARE = 3;',
    test: { file, title: 'sockets are gone before anybody else may come' },
  },
  {
    name: 'a sleep of the machine is not noticed',
    file: 'agent/clock.ts',
    find: '> JUMP_MS',
    replace: '> 1e15',
    test: { file, title: 'a machine that has slept does not go on where it was' },
  },
  {
    name: 'a message is acknowledged under an old epoch',
    file: 'agent/carrier.ts',
    find: '    if (settled) await offer.done();',
    replace: '    await offer.done();',
    test: { file, title: 'a message is acknowledged only when every result of its shard was taken' },
  },
  {
    name: 'a login that failed is tried again',
    file: 'agent/failure.ts',
    find: 'MAY_PASS.has(this.kind) && !secretSent',
    replace: 'MAY_PASS.has(this.kind) || secretSent',
    test: { file, title: 'a device that has had a password does not get it again' },
  },
  {
    name: 'a store that was put back grants at once',
    file: 'coordinator/sweep/ledger.ts',
    find: '    this.#holdUntil = now + this.terms.termMs + this.terms.lockDelayMs;',
    replace: '    this.#holdUntil = now;',
    test: { file, title: 'nothing is granted while agents may hold what the store has forgotten' },
  },
  {
    name: 'a store that was put back is noticed only until it has committed as much again',
    file: 'coordinator/books.ts',
    find: "coordinator === '' ? this.lastCommit : this.foundCommit",
    replace: 'this.lastCommit',
    test: { file, title: 'a store that was rolled back is noticed, however much it has committed since' },
  },
  {
    name: 'a hold is forgotten with its coordinator',
    file: 'coordinator/sweep/ledger.ts',
    find: "    writes.push({ write: 'hold', held: true });\n",
    replace: '',
    test: {
      file,
      title:
        'a store that was rolled back is remembered by a coordinator that dies before its hold has ended',
    },
  },
  {
    name: 'a device whose commands were started is leased again',
    file: 'coordinator/sweep/outcomes.ts',
    find: '    if (state.row.started) return sweep.end(state, interrupted(back.reason), writes);\n',
    replace: '',
    test: { file, title: 'a sweep that may write sends a command once, whoever dies' },
  },
  {
    name: 'an endpoint is given to whoever asks',
    file: 'coordinator/sweep/endpoints.ts',
    find: '    if (hold !== undefined && hold.until > now) return false;\n',
    replace: '',
    test: { file, title: 'two names of one endpoint are never in session together' },
  },
  {
    name: 'what NATS has lost is never offered again',
    file: 'coordinator/sweep/dispatch.ts',
    find: '    if (pull.unanswered) this.#sayCutOff(link);\n    const { ledger, host } = this.books;',
    replace: '    if (link !== null) return;\n    const { ledger, host } = this.books;',
    test: { file, title: 'an offer that NATS has lost is offered again' },
  },
  {
    name: 'leases never lapse',
    file: 'coordinator/sweep/shards.ts',
    find: 'lease.expiresAt <= now',
    replace: 'lease.expiresAt <= Number.NEGATIVE_INFINITY',
    test: { file, title: 'a lease that is not renewed ends' },
  },
  {
    name: 'a cancel is not forwarded',
    file: 'coordinator/coordinator.ts',
    find: "    for (const link of this.presence.all()) link.send({ $case: 'cancel', value: { sweep: sweep.id } });",
    replace: '    void sweep;',
    test: { file, title: 'an agent hears of a cancel at once' },
  },
  {
    name: 'who was away is not told of cancels',
    file: 'coordinator/intake/agents.ts',
    find: "      if (halt?.recalls === true) link.send({ $case: 'cancel', value: { sweep: id } });",
    replace: '      if (halt?.reason === id) link.end();',
    test: { file, title: 'an agent that was away hears of a cancel as soon as it is back' },
  },
  {
    name: 'a cancelled sweep that agents still hold is closed in the store',
    file: 'coordinator/store/rows.ts',
    find: 'isOpen({ endedAtMs }: SweepRow): boolean {\n  return endedAtMs === 0;',
    replace: "isOpen({ endedAtMs, reason }: SweepRow): boolean {\n  return endedAtMs === 0 && reason === '';",
    test: { file, title: 'a cancelled sweep ends although its coordinator died' },
  },
  {
    name: 'an agent remembers a cancel for ever',
    file: 'agent/carrier.ts',
    find: 'this.host.monotonicMs() + LEASE_TERM_MS',
    replace: 'Number.POSITIVE_INFINITY',
    test: { file, title: 'a sweep goes on when its cancel was forgotten with the store' },
  },
  {
    name: 'the forks of a sweep are no limit',
    file: 'coordinator/sweep/activesweep.ts',
    find: '    return Math.min(this.row.options.forks, this.stops.most) - this.inShards;',
    replace: '    return this.stops.most;',
    test: { file, title: 'a sweep has no more sessions at once than it was given forks' },
  },
  {
    name: 'the forks of an agent are no limit',
    file: 'agent/places.ts',
    find: '    while (this.freeSlots === 0 && !signal.aborted) await this.#nextFreed(signal);\n    this.#due -= 1;',
    replace: '    this.#due -= 1;',
    test: { file, title: 'an agent has no more sessions at once than it was given forks' },
  },
  {
    name: 'an agent takes shards as long as it has a slot, however many wait for it',
    file: 'agent/places.ts',
    find: 'while ((this.freeSlots <= this.#due || isClosed()) && !signal.aborted)',
    replace: 'while ((this.freeSlots === 0 || isClosed()) && !signal.aborted)',
    test: {
      file: 'test/agent/room.test.ts',
      title:
        'an agent takes no shard while devices of another wait for its slots, also of one that it only asks for',
    },
  },
];
