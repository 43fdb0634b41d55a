import fc from 'fast-check';

import {
	checkSignature,
	isMasked,
	parseSignature,
	sign,
} from '../../../nodes/Pocketsflow/events/signature';

const secret = 'whsec_test';
const body = Buffer.from('{"order":{"id":"o1"},"webhookId":"w1"}');
const signature = 'ecfdff394c5d4953b02bf956c99a8917fab53bde796dd9df60e4a430740459ca';

describe('isMasked', () => {
	it.each(['whsec_****4a7f', 'whsec_••••', 'whsec_ab…', 'whsec_ab...', 'whsec_xxxx4a7f', 'XXXX'])(
		'%s is a masked secret',
		(text) => expect(isMasked(text)).toBe(true),
	);

	it.each(['whsec_test', 'whsec_0123456789abcdef', 'whsec_ab.c..d', 'whsec_xxx'])(
		'%s is a whole secret',
		(text) => expect(isMasked(text)).toBe(false),
	);
});

describe('checkSignature', () => {
	it('agrees with the documented test vector', () => {
		expect(sign(body, secret)).toBe(signature);
		expect(checkSignature(body, signature, secret)).toEqual({ valid: true });
	});

	it.each([
		['upper case', signature.toUpperCase()],
		['a prefix', `sha256=${signature}`],
		['an upper-case prefix', `SHA256=${signature.toUpperCase()}`],
		['surrounding blanks', ` ${signature} `],
	])('accepts a signature with %s', (_what, header) => {
		expect(checkSignature(body, header, secret)).toEqual({ valid: true });
	});

	it.each([
		['no secret', body, signature, ''],
		['no secret', body, signature, undefined],
		['no body', Buffer.alloc(0), signature, secret],
		['no body', undefined, signature, secret],
		['no signature', body, undefined, secret],
		['no signature', body, '', secret],
		['no signature', body, [signature, signature], secret],
		['malformed signature', body, `${signature}, ${signature}`, secret],
		['malformed signature', body, signature.slice(1), secret],
		['malformed signature', body, `${signature}0`, secret],
		['malformed signature', body, signature.replace('e', 'g'), secret],
		['malformed signature', body, `v1=${signature}`, secret],
		['malformed signature', body, `sha256=sha256=${signature}`, secret],
		['malformed signature', body, signature.replace('c', 'csha256='), secret],
		['malformed signature', body, signature.replace('e', 'е'), secret],
		['wrong signature', body, signature.replace('e', 'f'), secret],
		['wrong signature', body, signature, 'test'],
		['wrong signature', Buffer.concat([body, Buffer.from(' ')]), signature, secret],
	])('refuses: %s', (reason, bytes, header, key) => {
		expect(checkSignature(bytes, header, key)).toEqual({ valid: false, reason });
	});

	it('accepts what sign signs, for any bytes and secret, and nothing that differs by a bit', () => {
		fc.assert(
			fc.property(
				fc.uint8Array({ minLength: 1, maxLength: 2000 }),
				fc.string({ minLength: 1 }),
				fc.nat(),
				(bytes, key, at) => {
					const header = sign(bytes, key);
					expect(checkSignature(bytes, header, key).valid).toBe(true);
					const changed = Uint8Array.from(bytes);
					changed[at % bytes.length] ^= 1 << at % 8;
					expect(checkSignature(changed, header, key).valid).toBe(false);
				},
			),
			{ numRuns: 500 },
		);
	});
});

it.each([
	[signature, { digest: signature }],
	[`SHA256=${signature.toUpperCase()} `, { digest: signature }],
	[undefined, { fault: 'no signature' }],
	['', { fault: 'no signature' }],
	[[signature], { fault: 'no signature' }],
	[`sha1=${signature}`, { fault: 'malformed signature' }],
	[signature.slice(1), { fault: 'malformed signature' }],
])('parseSignature reads the header %p as %p', (header, parsed) => {
	expect(parseSignature(header)).toEqual(parsed);
});
