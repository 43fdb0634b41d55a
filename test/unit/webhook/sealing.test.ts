import fc from 'fast-check';

import {
	describeEndpoint,
	readDescription,
	seal,
	unseal,
} from '../../../nodes/Pocketsflow/webhook/sealing';

const url = 'https://n8n.example.com/webhook/1/webhook';

describe('a sealed secret', () => {
	it('opens with the same API key for the same endpoint, also from its description', () => {
		fc.assert(
			fc.property(fc.string(), fc.string({ minLength: 1 }), (secret, key) => {
				const sealed = seal(secret, key, url);
				fc.pre(secret !== '');
				expect(unseal(sealed, key, url)).toBe(secret);
				for (const workflowId of ['8fKq2mWv0Xy_-Z1a', '12', undefined])
					expect(readDescription(describeEndpoint(workflowId, sealed))).toEqual({
						isMarked: true,
						workflowId,
						sealed,
					});
			}),
		);
	});

	it('holds nothing in clear and differs each time', () => {
		const sealed = seal('whsec_abcdefghijklmnop', 'pk_live_1', url);
		expect(Buffer.from(sealed, 'base64url').toString('latin1')).not.toContain('whsec');
		expect(seal('whsec_abcdefghijklmnop', 'pk_live_1', url)).not.toBe(sealed);
	});

	it('does not open with another key, for another endpoint or when changed', () => {
		const sealed = seal('whsec_1', 'pk_live_1', url);
		expect(unseal(sealed, 'pk_live_2', url)).toBeUndefined();
		expect(unseal(sealed, 'pk_live_1', `${url}2`)).toBeUndefined();
		const bytes = Buffer.from(sealed, 'base64url');
		for (let at = 0; at < bytes.length; at++) {
			const changed = Buffer.from(bytes);
			changed[at] ^= 1;
			expect(unseal(changed.toString('base64url'), 'pk_live_1', url)).toBeUndefined();
		}
	});

	it.each([undefined, null, '', 'x', 5, {}])('cannot be opened from %p', (text) => {
		expect(unseal(text, 'pk_live_1', url)).toBeUndefined();
	});

	it('is found in a description without a workflow, or whose text was edited', () => {
		const sealed = seal('whsec_1', 'pk_live_1', url);
		const mark = `(n8n-nodes-pocketsflow:${sealed})`;
		for (const text of [`Registered by n8n, do not edit ${mark}`, `Our shop, workflow 5, ${mark}`])
			expect(readDescription(text)).toEqual({ isMarked: true, workflowId: undefined, sealed });
	});

	it('a description names its workflow even if the rest was cut or escaped', () => {
		const whole = describeEndpoint('8fKq2mWv0Xy', seal('whsec_1', 'pk_live_1', url));
		for (const text of [whole.slice(0, 60), whole.replace('(', '&#40;')])
			expect(readDescription(text)).toMatchObject({ isMarked: false, workflowId: '8fKq2mWv0Xy' });
	});

	it.each([undefined, '', 'My endpoint', 'n8n-nodes-pocketsflow', '(n8n-nodes-pocketsflowers)'])(
		'is not looked for in the description %p, which is not ours',
		(description) => {
			expect(readDescription(description).isMarked).toBe(false);
		},
	);
});
