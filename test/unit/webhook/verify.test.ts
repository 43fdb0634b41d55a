import type { IWebhookFunctions } from 'n8n-workflow';

import { sign } from '../../../nodes/Pocketsflow/events/signature';
import type { Keyring, Secret } from '../../../nodes/Pocketsflow/webhook/keyring';
import { verifyDelivery } from '../../../nodes/Pocketsflow/webhook/verify';

const right = 'whsec_right';
const wrong = 'whsec_wrong';
const body = Buffer.from('{"id":"o1"}');
const context = {} as IWebhookFunctions;

const make = (secret: string): Secret => ({
	secret,
	mode: 'live',
	endpointId: 'w1',
	confirmedAtMs: 1,
});

/** A keyring that knows some secrets, and finds others in static data and in Pocketsflow. */
function newKeyring({ known = [] as string[], stored = [] as string[], shown = [] as string[] }) {
	const secrets = known.map(make);
	const asked: string[] = [];
	const preferred: string[] = [];
	const keyring = {
		secrets,
		prefer: ({ secret }: Secret) => preferred.push(secret),
		async openStored() {
			asked.push('static data');
			secrets.push(...stored.map(make));
		},
		async lookUp() {
			if (asked.includes('Pocketsflow')) return false;
			asked.push('Pocketsflow');
			secrets.push(...shown.map(make));
			return true;
		},
	} as unknown as Keyring;
	return { keyring, asked, preferred };
}

const header = sign(body, right);

describe('no secret is looked up', () => {
	it.each([
		[undefined, header, 'no body'],
		[Buffer.alloc(0), header, 'no body'],
		[body, undefined, 'no signature'],
		[body, '', 'no signature'],
		[body, 'soon', 'malformed signature'],
	])('for the body %p with the header %p', async (rawBody, given, reason) => {
		const { keyring, asked } = newKeyring({ known: [right] });
		const verification = await verifyDelivery(context, keyring, rawBody, given);
		expect(verification).toEqual({ valid: false, reason });
		expect(asked).toEqual([]);
	});
});

describe('the secret that fits', () => {
	it.each([
		['is known', { known: [wrong, right] }, []],
		['is in static data', { known: [wrong], stored: [wrong, right] }, ['static data']],
		['is in Pocketsflow', { stored: [wrong], shown: [right] }, ['static data', 'Pocketsflow']],
	])('%s: nothing more is asked, and it is preferred', async (_where, found, expected) => {
		const { keyring, asked, preferred } = newKeyring(found);
		const verification = await verifyDelivery(context, keyring, body, header);
		expect(verification).toEqual({ valid: true, secret: make(right) });
		expect(asked).toEqual(expected);
		expect(preferred).toEqual([right]);
	});

	it('cannot be looked up: the credential is the reason', async () => {
		const { keyring } = newKeyring({ known: [wrong] });
		keyring.openStored = () => Promise.reject(new Error('no credential'));
		const verification = await verifyDelivery(context, keyring, body, header);
		expect(verification).toEqual({ valid: false, reason: 'the credential cannot be read' });
	});

	it('is nowhere: the reason says whether one is known', async () => {
		for (const found of [{ known: [wrong] }, { stored: [wrong] }, { shown: [wrong] }]) {
			const { keyring, preferred } = newKeyring(found);
			const verification = await verifyDelivery(context, keyring, body, header);
			expect(verification).toEqual({ valid: false, reason: 'wrong signature' });
			expect(preferred).toEqual([]);
		}
		const { keyring, asked } = newKeyring({});
		const verification = await verifyDelivery(context, keyring, body, header);
		expect(verification).toEqual({ valid: false, reason: 'no secret' });
		expect(asked).toEqual(['static data', 'Pocketsflow']);
	});
});
