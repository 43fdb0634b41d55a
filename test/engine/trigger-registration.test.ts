import axios, { type AxiosInstance } from 'axios';
import type { IDataObject, IWorkflowExecuteAdditionalData } from 'n8n-workflow';

import {
	describeEndpoint,
	readDescription,
	seal,
	unseal,
} from '../../nodes/Pocketsflow/webhook/sealing';
import { forgetEndpoint, recoveries } from '../../nodes/Pocketsflow/webhook/secrets';
import { sign } from '../../nodes/Pocketsflow/webhook/signature';
import { PocketsflowTrigger } from '../../nodes/Pocketsflow/PocketsflowTrigger.node';
import { startSandbox, type Sandbox } from '../../sandbox/sandbox';
import { orderCompleted } from '../harness/payloads';
import { hookContext, webhookContext, type NodeSetup } from '../harness/engine/context';

interface Webhook {
	_id: string;
	url: string;
	events: string[];
	active: boolean;
	description?: string;
	secret?: string;
}

const node = new PocketsflowTrigger();
const { checkExists, create, delete: remove } = node.webhookMethods.default;
let sandbox: Sandbox;
let api: AxiosInstance;
let hooks = 0;

beforeAll(async () => {
	sandbox = await startSandbox({ switches: { rateLimit: false } });
	api = axios.create({
		baseURL: sandbox.url,
		headers: { Authorization: `Bearer ${sandbox.testKey}` },
		proxy: false,
	});
});
afterAll(() => sandbox.close());

function trigger(
	events = ['order.completed'],
	more: Partial<NodeSetup> = {},
): NodeSetup & { url: string } {
	const webhookId = `registration-${++hooks}`;
	return {
		node,
		parameters: { events, options: {} },
		credential: { apiKey: sandbox.testKey, baseUrl: sandbox.url },
		staticData: {},
		webhookBaseUrl: 'http://127.0.0.1:5678',
		webhookId,
		url: `http://127.0.0.1:5678/webhook/${webhookId}/webhook`,
		...more,
	};
}

/** What n8n does at activation. */
async function activate(setup: NodeSetup): Promise<void> {
	if (!(await checkExists.call(hookContext(setup)))) await create.call(hookContext(setup));
}

const deactivate = (setup: NodeSetup) => remove.call(hookContext(setup));

const registered = async (url: string) =>
	(await api.get<Webhook[]>('/webhooks')).data.filter((webhook) => webhook.url === url);

const addEndpoint = async (body: Partial<Webhook>) =>
	(await api.post<Webhook>('/webhooks', { events: ['order.completed'], ...body })).data;

/** As after a restart of n8n: what was in memory is gone. */
const restart = (setup: { url: string; webhookId?: string }) => {
	forgetEndpoint(setup.url);
	recoveries.set(`production:${setup.webhookId}`, { begun: 0, found: Promise.resolve(undefined) });
};

let orders = 0;

/** Whether a delivery of a new order with this secret's signature is accepted. */
async function accepts(setup: NodeSetup, secret: string): Promise<boolean> {
	const rawBody = Buffer.from(
		JSON.stringify({ ...orderCompleted, order: { id: `order-${++orders}` } }),
	);
	const headers = {
		'x-pocketsflow-event': 'order.completed',
		'x-pocketsflow-signature': sign(rawBody, secret),
	};
	let status = 0;
	const httpResponse = {
		status(code: number) {
			status = code;
			return httpResponse;
		},
		json: () => undefined,
		end: () => undefined,
	};
	const context = webhookContext(setup, {
		httpRequest: { headers, rawBody, path: `/webhook/${setup.webhookId}/webhook` },
		httpResponse,
	} as unknown as Pick<IWorkflowExecuteAdditionalData, 'httpRequest' | 'httpResponse'>);
	const { workflowData } = await node.webhook.call(context);
	expect(workflowData?.length ?? 0).toBe(status === 200 ? 1 : 0);
	return status === 200;
}

/** The secret that the sandbox signs with; the API shows it at creation only, and ours is sealed. */
function secretIn(setup: NodeSetup & { url: string }): string {
	const secret = unseal(setup.staticData?.sealedSecret, sandbox.testKey, setup.url);
	if (secret === undefined) throw new Error('no sealed secret in static data');
	return secret;
}

/** Exactly one endpoint, with our events, active, and a delivery signed with its secret is accepted. */
async function expectOne(
	setup: NodeSetup & { url: string },
	events = ['order.completed'],
): Promise<Webhook> {
	const all = await registered(setup.url);
	expect(all).toEqual([expect.objectContaining({ events, active: true })]);
	expect(readDescription(all[0].description).sealed).toBeDefined();
	expect(await accepts(setup, secretIn(setup))).toBe(true);
	expect(await accepts(setup, 'whsec_forged')).toBe(false);
	return all[0];
}

describe('activation ends with exactly one endpoint, whatever the start', () => {
	it('none', async () => {
		const setup = trigger();
		await activate(setup);
		await expectOne(setup);
	});

	it('ours, intact: nothing is changed', async () => {
		const setup = trigger();
		await activate(setup);
		const before = await expectOne(setup);
		await activate(setup);
		expect(await expectOne(setup)).toEqual(before);
	});

	it('other events: updated in place, the secret stays', async () => {
		const setup = trigger();
		await activate(setup);
		const before = await expectOne(setup);
		const secret = secretIn(setup);
		const changed = {
			...setup,
			parameters: { events: ['order.refunded', 'order.completed'], options: {} },
		};
		await activate(changed);
		expect((await expectOne(changed, ['order.completed', 'order.refunded']))._id).toBe(before._id);
		expect(secretIn(changed)).toBe(secret);
	});

	it('inactive there', async () => {
		const setup = trigger();
		await activate(setup);
		const { _id } = await expectOne(setup);
		await api.put(`/webhooks/${_id}`, { active: false });
		await activate(setup);
		expect((await expectOne(setup))._id).toBe(_id);
	});

	it('another URL there, or a new public address of n8n: moved to our URL', async () => {
		const setup = trigger();
		await activate(setup);
		const { _id } = await expectOne(setup);
		await api.put(`/webhooks/${_id}`, { url: 'http://127.0.0.1:1/elsewhere' });
		await activate(setup);
		await expectOne(setup);
		expect(await registered('http://127.0.0.1:1/elsewhere')).toEqual([]);
	});

	it('deleted there', async () => {
		const setup = trigger();
		await activate(setup);
		await api.delete(`/webhooks/${(await expectOne(setup))._id}`);
		await activate(setup);
		await expectOne(setup);
	});

	it('static data and memory lost: the sealed copy at Pocketsflow is used', async () => {
		const setup = trigger();
		await activate(setup);
		const before = await expectOne(setup);
		const secret = secretIn(setup);
		setup.staticData = {};
		restart(setup);
		await activate(setup);
		expect((await expectOne(setup))._id).toBe(before._id);
		expect(secretIn(setup)).toBe(secret);
	});

	it('the secret lost everywhere: registered anew', async () => {
		const setup = trigger();
		const { _id } = await addEndpoint({ url: setup.url, description: 'made by a person' });
		await activate(setup);
		expect((await expectOne(setup))._id).not.toBe(_id);
	});

	it('several left over by crashes', async () => {
		const setup = trigger();
		for (let n = 0; n < 3; n++)
			await addEndpoint({ url: setup.url, description: describeEndpoint() });
		await activate(setup);
		await expectOne(setup);
	});

	it("another account's id in static data", async () => {
		const setup = trigger(undefined, {
			staticData: { endpointId: '6a5100000000000000000fff', sealedSecret: 'x' },
		});
		await activate(setup);
		await expectOne(setup);
	});

	it("another mode's key before: the endpoint of this mode is made, the other mode's stays that key's", async () => {
		const setup = trigger();
		const live = { ...setup, credential: { ...setup.credential, apiKey: sandbox.liveKey } };
		await activate(live);
		await activate(setup);
		await expectOne(setup);
	});

	it('the same key renewed: what cannot be opened any more is registered anew', async () => {
		const setup = trigger();
		const description = describeEndpoint(seal('whsec_old', 'pk_test_older', setup.url));
		await addEndpoint({ url: setup.url, description });
		await activate(setup);
		await expectOne(setup);
	});
});

describe('endpoints of others', () => {
	it('are never touched: other URLs, also with our mark, and a stored id that lacks it', async () => {
		const foreign = [
			await addEndpoint({ url: 'http://127.0.0.1:1/a', description: 'mine' }),
			await addEndpoint({ url: 'http://127.0.0.1:1/b', description: describeEndpoint('x') }),
			await addEndpoint({ url: 'http://127.0.0.1:1/c', description: 'stored here, not ours' }),
		].map(({ _id }) => _id);
		const setup = trigger(undefined, { staticData: { endpointId: foreign[2] } });
		const others = async () =>
			(await api.get<Webhook[]>('/webhooks')).data.filter(({ _id }) => foreign.includes(_id));
		const before = await others();
		await activate(setup);
		await deactivate(setup);
		expect(before).toHaveLength(3);
		expect(await others()).toEqual(before);
	});
});

describe('deactivation', () => {
	it('removes ours and forgets the secret', async () => {
		const setup = trigger();
		await activate(setup);
		const secret = secretIn(setup);
		await deactivate(setup);
		expect(await registered(setup.url)).toEqual([]);
		expect(setup.staticData).toEqual({});
		expect(await accepts(setup, secret)).toBe(false);
	});

	it('finds ours by URL where static data is lost, and is content where it is gone already', async () => {
		const setup = trigger();
		await activate(setup);
		setup.staticData = {};
		await deactivate(setup);
		await deactivate(setup);
		expect(await registered(setup.url)).toEqual([]);
	});
});

describe('a failure', () => {
	const failing = async (setup: NodeSetup, rule: IDataObject) => {
		sandbox.setSwitches({ faults: [rule as never] });
		try {
			return await activate(setup).then(
				() => undefined,
				(error: Error) => error,
			);
		} finally {
			sandbox.setSwitches({ faults: [] });
		}
	};

	it('of the sealing leaves no endpoint behind and tells why', async () => {
		const setup = trigger();
		const error = await failing(setup, {
			method: 'PUT',
			path: '/webhooks/*',
			kind: 'answer',
			status: 403,
			message: 'read-only key',
		});
		expect(error?.message).toContain('read-only key');
		expect(await registered(setup.url)).toEqual([]);
		expect(setup.staticData).toEqual({});
		await activate(setup);
		await expectOne(setup);
	});

	it('to keep the sealed copy at Pocketsflow does not keep the trigger from working', async () => {
		const setup = trigger();
		const rule = {
			method: 'PUT',
			path: '/webhooks/*',
			kind: 'answer',
			status: 400,
			message: 'too long',
		};
		expect(await failing(setup, rule)).toBeUndefined();
		restart(setup);
		expect(await accepts(setup, secretIn(setup))).toBe(true);
	});

	it('of the creation tells why in the message', async () => {
		const setup = trigger();
		const error = await failing(setup, {
			method: 'POST',
			path: '/webhooks',
			kind: 'answer',
			status: 400,
			message: 'too many webhooks',
		});
		expect(error?.message).toContain('too many webhooks');
	});

	it('of the creation after Pocketsflow made the endpoint leaves none behind', async () => {
		const setup = trigger();
		const rule = { method: 'POST', path: '/webhooks', kind: 'reset', when: 'after' };
		expect((await failing(setup, rule))?.message).toMatch(
			/unknown.*Nothing is left of it: activate/,
		);
		expect(await registered(setup.url)).toEqual([]);
		await activate(setup);
		await expectOne(setup);
	});

	it('of the removal says so', async () => {
		const setup = trigger();
		await activate(setup);
		sandbox.setSwitches({
			faults: [
				{
					method: 'DELETE',
					path: '/webhooks/*',
					kind: 'answer',
					status: 403,
					message: 'read-only key',
				},
			],
		});
		try {
			await expect(deactivate(setup)).rejects.toThrow(
				/could not be removed at Pocketsflow.*read-only key/,
			);
		} finally {
			sandbox.setSwitches({ faults: [] });
		}
		await deactivate(setup);
		expect(await registered(setup.url)).toEqual([]);
	});

	it.each([
		['activation', activate],
		['deactivation', deactivate],
	])(
		'of Pocketsflow to list its webhooks fails the %s and changes nothing',
		async (_which, act) => {
			const setup = trigger();
			await activate(setup);
			const before = await registered(setup.url);
			sandbox.setSwitches({
				faults: [{ method: 'GET', path: '/webhooks', kind: 'answer', status: 200, body: 'empty' }],
			});
			try {
				await expect(act(setup)).rejects.toThrow(/without a list of webhooks/);
			} finally {
				sandbox.setSwitches({ faults: [] });
			}
			expect(await registered(setup.url)).toEqual(before);
			expect(setup.staticData).toHaveProperty('sealedSecret');
		},
	);

	it('of an event that Pocketsflow does not know shows its words', async () => {
		const setup = trigger(['invoice.paid']);
		await expect(activate(setup)).rejects.toThrow(/invoice\.paid/);
	});

	it('of the key names the key', async () => {
		const setup = trigger();
		setup.credential.apiKey = `pk_test_${'0'.repeat(48)}`;
		const error = await activate(setup).then(
			() => undefined,
			(thrown: Error) => thrown,
		);
		expect(error?.message).not.toContain(setup.credential.apiKey);
		expect(error?.message).toMatch(/key/i);
	});

	it('to reach us is refused before anything is sent, with the ways out', async () => {
		for (const webhookBaseUrl of [
			'http://n8n.example.com',
			'https://localhost:5678',
			'https://10.0.0.5',
			'https://192.168.1.2',
			'https://172.20.1.1',
			'https://n8n.local',
			'https://[::1]:5678',
		]) {
			const setup = trigger(undefined, { webhookBaseUrl });
			setup.credential.baseUrl = sandbox.url.replace('127.0.0.1', 'pocketsflow.example');
			const sent = sandbox.requests.length;
			await expect(create.call(hookContext(setup))).rejects.toThrow(/WEBHOOK_URL.*Polling Trigger/);
			expect(sandbox.requests).toHaveLength(sent);
		}
	});

	it('to choose an event is refused', async () => {
		await expect(create.call(hookContext(trigger([])))).rejects.toThrow(/at least one event/);
	});
});

describe('the secret is found again at delivery', () => {
	it('from static data after a restart', async () => {
		const setup = trigger();
		await activate(setup);
		restart(setup);
		const sent = sandbox.requests.length;
		expect(await accepts(setup, secretIn(setup))).toBe(true);
		expect(sandbox.requests).toHaveLength(sent);
	});

	it.each([
		['static data', (data: IDataObject) => data],
		['Pocketsflow where static data is lost too', () => ({})],
	])('from %s after a restart with another WEBHOOK_URL', async (_where, kept) => {
		const setup = trigger();
		await activate(setup);
		const secret = secretIn(setup);
		restart(setup);
		const moved = {
			...setup,
			webhookBaseUrl: 'http://127.0.0.1:8765',
			staticData: kept(setup.staticData!),
		};
		expect(await accepts(moved, secret)).toBe(true);
		expect(await accepts(moved, 'whsec_forged')).toBe(false);
	});

	it('from Pocketsflow where static data is lost, or stale, and not more often than once a minute', async () => {
		for (const staticData of [{}, { sealedSecret: 'stale' }]) {
			const setup = trigger();
			await activate(setup);
			const secret = secretIn(setup);
			setup.staticData = staticData;
			restart(setup);
			const sent = sandbox.requests.length;
			const forged = Array.from({ length: 50 }, () => accepts(setup, 'whsec_forged'));
			expect(await Promise.all(forged)).toEqual(Array(50).fill(false));
			expect(await accepts(setup, secret)).toBe(true);
			expect(await accepts(setup, 'whsec_forged')).toBe(false);
			expect(sandbox.requests).toHaveLength(sent + 1);
			expect(setup.staticData).toEqual(staticData);
		}
	});

	it('not at all where Pocketsflow is down: refused within the 5 s', async () => {
		const setup = trigger();
		await activate(setup);
		const secret = secretIn(setup);
		setup.staticData = {};
		restart(setup);
		sandbox.setSwitches({ faults: [{ kind: 'hang' }] });
		const begun = Date.now();
		expect(await accepts(setup, secret)).toBe(false);
		expect(Date.now() - begun).toBeLessThan(5000);
		sandbox.setSwitches({ faults: [] });
	});
});
