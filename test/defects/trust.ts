import type { Defect } from './defect.ts';

const TRUST = 'test/agent/trust.test.ts';
const TARGETS = 'test/agent/targets.test.ts';
const LISTED = 'under a list: what is in it is connected to however it is written, nothing else is';
const UNLISTED =
  'without a list: loopback is connected to, what is no device is not, unless it is listed as such';

export const defects: Defect[] = [
  {
    name: 'A signature is not verified',
    file: 'agent/trust.ts',
    find: 'if (!verify(null, signedBytes(grant.terms), key, grant.signature))',
    replace: 'if (!verify)',
    test: { file: TRUST, title: 'of a lease %s' },
  },
  {
    name: 'A grant may be for another claim',
    file: 'agent/trust.ts',
    find: 'if (terms.claimId !== claimId)',
    replace: "if (terms.claimId === '')",
    test: { file: TRUST, title: 'by a grant of another claim, of another agent, or of another segment' },
  },
  {
    name: 'An offer is not held against what was signed',
    file: 'agent/trust.ts',
    find: 'return carriedDigest(options, signed).equals(terms.carried) ? found : null;',
    replace: 'return carriedDigest(options, signed).length > 0 ? found : null;',
    test: { file: TRUST, title: 'of a lease %s' },
  },
  {
    name: 'The options of an offer are not signed',
    file: 'coordinator/intake/terms.ts',
    find: 'carried: carriedDigest(encodedOptions(sweep.row.options), carried)',
    replace: 'carried: carriedDigest(new Uint8Array(), carried)',
    test: {
      file: TRUST,
      title:
        'what the coordinator has signed is carried out, again after a repeated claim and after its restart',
    },
  },
  {
    name: 'Another key of the coordinator is taken',
    file: 'agent/trust.ts',
    find: 'if (known?.equals(key) === false)',
    replace: 'if (known === undefined)',
    test: { file: TRUST, title: 'of the enrolment is the only one that counts' },
  },
  {
    name: 'An address of IPv4 in IPv6 is judged as IPv6',
    file: 'agent/targets.ts',
    find: 'return bytes.length > 4 && isWithin(bytes, MAPPED)',
    replace: 'return bytes.length > 16 && isWithin(bytes, MAPPED)',
    test: { file: TARGETS, title: LISTED },
  },
  {
    name: 'What a name was resolved to is not judged',
    file: 'agent/ssh/wire.ts',
    find: 'return why === null;',
    replace: 'return true;',
    test: { file: TARGETS, title: LISTED },
  },
  {
    name: 'Whoever allows the whole world allows the metadata of clouds',
    file: 'agent/targets.ts',
    find: 'if (special !== null && !listed.some(({ bits }) => bits >= special.bits))',
    replace: 'if (special !== null && listed.length === 0)',
    test: { file: TARGETS, title: UNLISTED },
  },
  {
    name: 'What lies behind a jump host is not judged',
    file: 'agent/ssh/bastions.ts',
    find: 'if (refusal !== null) throw refusal;',
    replace: '',
    test: {
      file: TARGETS,
      title:
        'a jump host is judged as it is connected to, and what lies behind it by its address before that',
    },
  },
];
