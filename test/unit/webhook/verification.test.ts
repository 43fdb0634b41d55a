import type { IWebhookFunctions } from 'n8n-workflow';

import { sign } from '../../../nodes/Pocketsflow/events/signature';
import {
	findCredentialSecret,
	findKnownCredentialSecret,
} from '../../../nodes/Pocketsflow/webhook/credentialSecret';
import { newTriggerMemory } from '../../../nodes/Pocketsflow/webhook/memory';
import { findRecoveredSecrets, recoverSecrets } from '../../../nodes/Pocketsflow/webhook/recovery';
import {
	findRememberedSecret,
	findStoredSecret,
	rememberSecret,
} from '../../../nodes/Pocketsflow/webhook/secrets';
import { verifyDelivery } from '../../../nodes/Pocketsflow/webhook/verification';

jest.mock('../../../nodes/Pocketsflow/webhook/credentialSecret');
jest.mock('../../../nodes/Pocketsflow/webhook/recovery');
jest.mock('../../../nodes/Pocketsflow/webhook/secrets');

const secret = 'whsec_engine';
const forged = 'whsec_forged';
const body = Buffer.from('{"id":"o1"}');
const nowMs = Date.UTC(2026, 10, 23);

const own = { findRememberedSecret, findStoredSecret, findRecoveredSecrets, recoverSecrets };
const existing = { findKnownCredentialSecret, findCredentialSecret };
const sources: Record<string, unknown> = { ...own, ...existing };
type Secrets = Array<{ secret: string; isComplete?: boolean; readAtMs?: number }>;

/** Which sources were asked, in that order. */
let asked: string[] = [];

/** Verifies where these sources find these secrets, all in live mode, and the others none. */
async function verify(
	found: Record<string, Secrets>,
	{
		endpoint = 'automatic',
		header = sign(body, secret) as unknown,
		rawBody = body as unknown,
	} = {},
) {
	asked = [];
	for (const [name, source] of Object.entries(sources))
		(source as jest.Mock).mockImplementation(async () => {
			asked.push(name);
			return (found[name] ?? []).map((one) => ({ url: 'https://n8n', mode: 'live', ...one }));
		});
	const context = { getNodeParameter: () => endpoint } as unknown as IWebhookFunctions;
	return await verifyDelivery(context, newTriggerMemory(), rawBody as Uint8Array, header);
}

const right: Secrets = [{ secret }];
const wrong: Secrets = [{ secret: forged }];
const remembered = () =>
	jest.mocked(rememberSecret).mock.calls.map(([, , known, at]) => [known.secret, at]);

beforeEach(() => {
	jest.mocked(rememberSecret).mockClear();
	jest.spyOn(Date, 'now').mockReturnValue(nowMs);
});
afterEach(() => jest.restoreAllMocks());

describe('no secret is looked up', () => {
	it.each([[undefined], [Buffer.alloc(0)]])('for the body %p', async (rawBody) => {
		const all = { findRememberedSecret: right };
		const given = { rawBody: rawBody ?? null };
		expect(await verify(all, given)).toEqual({ valid: false, reason: 'no body' });
		expect(asked).toEqual([]);
	});

	it.each([
		[undefined, 'no signature'],
		['soon', 'malformed signature'],
	])('for the header %p', async (header, reason) => {
		const all = { findRememberedSecret: right };
		expect(await verify(all, { header: header ?? '' })).toEqual({ valid: false, reason });
		expect(asked).toEqual([]);
	});
});

describe.each([
	['an endpoint of our own', 'automatic', Object.keys(own)],
	['an existing endpoint', 'existing', Object.keys(existing)],
])('the secret of %s', (_what, endpoint, names) => {
	/** That of an own endpoint is first asked what is remembered. */
	const first = endpoint === 'automatic' ? ['findRememberedSecret'] : [];

	it.each(names.map((name, index) => [name, index] as const))(
		'that %s finds is the last that is asked for',
		async (name, index) => {
			const found = { [names[0]]: wrong, [name]: [...wrong, ...right] };
			expect(await verify(found, { endpoint })).toEqual({ valid: true, mode: 'live' });
			expect(asked).toEqual([...first, ...names.slice(0, index + 1)]);
		},
	);

	it('is wrong where none fits, and missing where none is known', async () => {
		const last = names[names.length - 1];
		for (const name of [names[0], last])
			expect(await verify({ [name]: wrong }, { endpoint })).toEqual({
				valid: false,
				reason: 'wrong signature',
			});
		expect(await verify({}, { endpoint })).toEqual({ valid: false, reason: 'no secret' });
		expect(asked).toEqual([...first, ...names]);
		expect(remembered()).toEqual([]);
	});
});

describe('a secret of our own endpoint', () => {
	it('that may be masked says nothing where it does not fit', async () => {
		const masked: Secrets = [{ secret: forged, isComplete: false }];
		const found = { recoverSecrets: masked };
		expect(await verify(found)).toEqual({ valid: false, reason: 'no secret' });
		expect(await verify({ ...found, findStoredSecret: wrong })).toEqual({
			valid: false,
			reason: 'wrong signature',
		});
	});

	it.each<[string, Record<string, Secrets>, unknown[]]>([
		['since now where it was opened', { findStoredSecret: right }, [[secret, nowMs]]],
		[
			'since Pocketsflow was read where it came from there',
			{ recoverSecrets: [{ secret, readAtMs: 5 }] },
			[[secret, 5]],
		],
		[
			'in place of one that does not fit',
			{ findRememberedSecret: wrong, findStoredSecret: right },
			[[secret, nowMs]],
		],
		['not again', { findRememberedSecret: right }, []],
	])('is remembered %s', async (_when, found, expected) => {
		await verify(found);
		expect(remembered()).toEqual(expected);
	});

	it('of an existing endpoint is not', async () => {
		await verify({ findCredentialSecret: right }, { endpoint: 'existing' });
		expect(remembered()).toEqual([]);
	});
});
