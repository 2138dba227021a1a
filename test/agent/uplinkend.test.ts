import { Metadata, status } from '@grpc/grpc-js';
import { describe, expect, test } from 'vitest';
import { isFinal } from '../../agent/uplink.ts';
import { FINAL } from '../../proto/identity/refusal.ts';

describe('the end of a link', () => {
  test('is final where a coordinator says so, and never where the stream itself broke', () => {
    const final = new Metadata();
    final.set(FINAL, '1');
    expect(isFinal({ code: status.UNAUTHENTICATED, metadata: final })).toBe(true);
    expect(isFinal({ code: status.PERMISSION_DENIED, metadata: new Metadata() })).toBe(true);
    expect(isFinal({ code: status.UNAVAILABLE, metadata: new Metadata() })).toBe(false);
    expect(isFinal(new Error('write after end'))).toBe(false);
  });
});
