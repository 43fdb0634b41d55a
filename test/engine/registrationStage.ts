import axios, { type AxiosInstance } from 'axios';

import { checkExists, create, takeDown } from '../../nodes/Pocketsflow/webhook/hooks';
import { TriggerMemory } from '../../nodes/Pocketsflow/webhook/memory';
import { readDescription, unseal } from '../../nodes/Pocketsflow/webhook/sealing';
import { sign } from '../../nodes/Pocketsflow/events/signature';
import { PocketsflowTrigger } from '../../nodes/Pocketsflow/PocketsflowTrigger.node';
import { startSandbox, type Sandbox } from '../../sandbox/sandbox';
import { createHookContext, type NodeSetup } from '../harness/engine/context';
import { orderCompleted } from '../harness/payloads';
import { deliver } from './deliver';

/** A webhook endpoint as the API shows it. */
export interface Webhook {
	_id: string;
	url: string;
	events: string[];
	active: boolean;
	description?: string;
	secret?: string;
}

/** A trigger in its own n8n. */
export interface Installation extends NodeSetup {
	/** Where its deliveries go. */
	url: string;
	/** What the process of its n8n remembers. */
	memory: TriggerMemory;
}

type Fault = NonNullable<Parameters<Sandbox['setSwitches']>[0]['faults']>[number];

const node = new PocketsflowTrigger();
let installations = 0;
let orders = 0;

/** Triggers that register at their own sandbox. */
export class RegistrationStage {
	private constructor(
		readonly sandbox: Sandbox,
		readonly api: AxiosInstance,
	) {}

	static async open(): Promise<RegistrationStage> {
		const sandbox = await startSandbox({ switches: { rateLimit: false } });
		const api = axios.create({
			baseURL: sandbox.url,
			headers: { Authorization: `Bearer ${sandbox.testKey}` },
			proxy: false,
		});
		return new RegistrationStage(sandbox, api);
	}

	/** The secret that the first endpoint at a URL has now, which the API usually does not show. */
	async readPresentSecret(url: string): Promise<string> {
		const { secretOnGet } = this.sandbox.switches;
		this.sandbox.setSwitches({ secretOnGet: 'present' });
		const [{ secret = '' }] = await this.listAt(url);
		this.sandbox.setSwitches({ secretOnGet });
		return secret;
	}

	/** Asks the API with another key from now on. */
	useKey(apiKey: string): void {
		this.api.defaults.headers.Authorization = `Bearer ${apiKey}`;
	}

	async close(): Promise<void> {
		restoreClock();
		await this.sandbox.close();
	}

	install(events?: string[], more: Partial<Installation> = {}): Installation {
		const credential = { apiKey: this.sandbox.testKey, baseUrl: this.sandbox.url };
		return { ...newInstallation('http://127.0.0.1:5678', credential, events), ...more };
	}

	/** All endpoints, newest first, whether the API answers by pages or not. */
	async listAll(): Promise<Webhook[]> {
		const { webhookPageSize } = this.sandbox.switches;
		this.sandbox.setSwitches({ webhookPageSize: 0 });
		const { data } = await this.api.get<Webhook[]>('/webhooks');
		this.sandbox.setSwitches({ webhookPageSize });
		return data;
	}

	listAt = async (url: string) => (await this.listAll()).filter((webhook) => webhook.url === url);

	addEndpoint = async (body: Partial<Webhook>) =>
		(await this.api.post<Webhook>('/webhooks', { events: ['order.completed'], ...body })).data;

	/**
	 * The secret that the sandbox signs with; the API shows it at creation only, and ours is sealed.
	 */
	readSecret({ staticData, url }: Installation): string {
		const secret = unseal(staticData?.sealedSecret, this.sandbox.testKey, url);
		if (secret === undefined) throw new Error('no sealed secret in static data');
		return secret;
	}

	/**
	 * Exactly one endpoint, of this workflow, with our events, active, and a delivery signed with its
	 * secret is accepted.
	 */
	async expectOneEndpoint(
		installation: Installation,
		events = ['order.completed'],
	): Promise<Webhook> {
		const all = await this.listAt(installation.url);
		expect(all).toEqual([expect.objectContaining({ events, active: true })]);
		expect(readDescription(all[0].description)).toEqual({
			isMarked: true,
			workflowId: installation.workflowId ?? 'workflow',
			sealed: expect.any(String),
		});
		expect(await accepts(installation, this.readSecret(installation))).toBe(true);
		expect(await accepts(installation, 'whsec_forged')).toBe(false);
		return all[0];
	}

	/** Does the work while the sandbox answers some requests with a fault. */
	withFault = <T>(fault: Fault, work: () => Promise<T>): Promise<T> =>
		this.withFaults([fault], work);

	/** The same with several faults. */
	async withFaults<T>(faults: Fault[], work: () => Promise<T>): Promise<T> {
		this.sandbox.setSwitches({ faults });
		try {
			return await work();
		} finally {
			this.sandbox.setSwitches({ faults: [] });
		}
	}
}

/** A trigger that was never published, in an n8n at this address. */
export function newInstallation(
	webhookBaseUrl: string,
	credential: Installation['credential'],
	events = ['order.completed'],
): Installation {
	const webhookId = `registration-${++installations}`;
	return {
		node,
		parameters: { events, options: {} },
		credential,
		staticData: {},
		webhookBaseUrl,
		webhookId,
		url: `${webhookBaseUrl}/webhook/${webhookId}/webhook`,
		memory: new TriggerMemory(),
	};
}

/** What n8n does at activation. */
export async function activate(installation: Installation): Promise<void> {
	const { memory } = installation;
	if (!(await checkExists(createHookContext(installation), memory)))
		await create(createHookContext(installation), memory);
}

/** What n8n does at deactivation. */
export const deactivate = (installation: Installation) =>
	takeDown(createHookContext(installation), installation.memory);

/** After a restart of n8n nothing is in memory. */
export const restart = (installation: Installation) => {
	installation.memory = new TriggerMemory();
};

let clock: jest.SpyInstance<number, []> | undefined;
let aheadMs = 0;

/** Sets the clock of this process ahead. */
export function advance(ms: number): void {
	const now = Date.now.bind(Date);
	aheadMs += ms;
	if (clock) return;
	clock = jest.spyOn(Date, 'now').mockImplementation(() => now() + aheadMs);
}

/** Sets the clock right again. */
export function restoreClock(): void {
	clock?.mockRestore();
	clock = undefined;
	aheadMs = 0;
}

/**
 * Whether a delivery of a new order with this secret's signature is accepted; without its own
 * memory the installation is asked through the node.
 */
export async function accepts(
	installation: NodeSetup & { memory?: TriggerMemory },
	secret: string,
): Promise<boolean> {
	// Without the ID of an endpoint: a made-up one would say that another process has replaced ours.
	const order = { ...orderCompleted, order: { id: `order-${++orders}` }, webhookId: undefined };
	const body = Buffer.from(JSON.stringify(order));
	const headers = {
		'x-pocketsflow-event': 'order.completed',
		'x-pocketsflow-signature': sign(body, secret),
	};
	const { status, items } = await deliver(installation, { body, headers }, installation.memory);
	expect(items).toHaveLength(status === 200 ? 1 : 0);
	return status === 200;
}

/** The error that the work fails with, or undefined when it succeeds. */
export const catchError = (work: Promise<unknown>): Promise<Error | undefined> =>
	work.then(
		() => undefined,
		(error: Error) => error,
	);
