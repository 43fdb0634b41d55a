import { TriggerMemory } from '../../nodes/Pocketsflow/webhook/memory';
import {
	createEndpointsModel,
	type Delivery,
	type EndpointsModel,
	type EndpointSwitches,
} from '../model/endpoints';
import { serve } from '../model/serve';
import { deliver } from './deliver';
import { collectLog } from './logLines';
import {
	activate,
	advance,
	catchError,
	deactivate,
	newInstallation,
	restart,
	restoreClock,
	type Installation,
} from './registrationStage';

const minuteMs = 60_000;
const keyOf = (digit: string) => `pk_live_${digit.repeat(48)}`;
let orders = 0;

interface Stage {
	model: EndpointsModel;
	trigger: Installation;
}

/** Does the work with a trigger that is published at a Pocketsflow with these switches. */
async function withTrigger(
	work: (stage: Stage) => Promise<void>,
	{
		switches = {},
		limit,
		delayMs,
		events,
		isPublished = true,
	}: {
		switches?: Partial<EndpointSwitches>;
		limit?: number;
		delayMs?: () => number;
		events?: string[];
		isPublished?: boolean;
	} = {},
): Promise<void> {
	const model = createEndpointsModel({ switches, seed: 7, now: () => Date.now(), limit });
	await serve(
		model,
		async (url) => {
			const credential = { apiKey: keyOf('0'), baseUrl: url };
			const trigger = newInstallation('https://n8n.example.com', credential, events);
			if (isPublished) await activate(trigger);
			await work({ model, trigger });
		},
		delayMs,
	);
}

/** Whether a request is accepted, and all that follows it done. */
async function send(
	trigger: Installation,
	{ headers, body }: Pick<Delivery, 'headers' | 'body'>,
	memory = trigger.memory,
): Promise<boolean> {
	const { status } = await deliver(trigger, { headers, body: Buffer.from(body) }, memory);
	await memory.whenIdle();
	return status === 200;
}

const newOrder = () => ({ order: { id: `repair-${++orders}` } });

/** A sale: whether each of its deliveries was accepted. */
async function sell({ model, trigger }: Stage): Promise<boolean[]> {
	const accepted = [];
	for (const delivery of model.deliver('order.completed', newOrder()))
		accepted.push(await send(trigger, delivery));
	return accepted;
}

/** What somebody can send who does not know the secret, but a delivery. */
function forge({ model }: Stage): Delivery {
	const [endpoint] = model.endpoints();
	return model.sign({ ...endpoint, secret: 'whsec_forged' }, 'order.completed', newOrder());
}

const countCreations = ({ requests }: EndpointsModel) =>
	requests.filter(({ method }) => method === 'POST').length;

afterEach(restoreClock);

describe('the secret was changed in Pocketsflow', () => {
	it('after a change of the secret, only the first delivery is refused, even if n8n restarts later', async () =>
		await withTrigger(async (stage) => {
			const { model, trigger } = stage;
			model.changeSecret(model.endpoints()[0].id);
			const lines = await collectLog(async () => expect(await sell(stage)).toEqual([false]));
			const messages = lines.map(({ message }) => message).join(' ');
			expect(messages).toMatch(/the signing secret was changed there: unpublish/);
			expect(messages).toMatch(/re-registered its webhook: its signing secret was changed/);
			expect(await sell(stage)).toEqual([true]);
			restart(trigger);
			expect(await sell(stage)).toEqual([true]);
		}));

	it('after a change of the secret and a restart of n8n, only the first delivery is refused', async () =>
		await withTrigger(async (stage) => {
			stage.model.changeSecret(stage.model.endpoints()[0].id);
			restart(stage.trigger);
			await activate(stage.trigger);
			expect(await sell(stage)).toEqual([false]);
			expect(await sell(stage)).toEqual([true]);
		}));

	it('if Pocketsflow shows secrets, no delivery is refused after a change of the secret or the key', async () =>
		await withTrigger(
			async (stage) => {
				stage.model.changeSecret(stage.model.endpoints()[0].id);
				expect(await sell(stage)).toEqual([true]);
				stage.trigger.credential.apiKey = keyOf('1');
				restart(stage.trigger);
				expect(await sell(stage)).toEqual([true]);
				expect(countCreations(stage.model)).toBe(1);
			},
			{ switches: { readSecret: 'included' } },
		));

	it('a masked secret that Pocketsflow shows never verifies a delivery', async () =>
		await withTrigger(
			async ({ model, trigger }) => {
				const [endpoint] = model.endpoints();
				restart(trigger);
				trigger.staticData = {};
				const secret = `whsec_••••${endpoint.secret.slice(-4)}`;
				const forged = model.sign({ ...endpoint, secret }, 'order.completed', newOrder());
				expect(await send(trigger, forged)).toBe(false);
			},
			{ switches: { readSecret: 'masked' } },
		));

	it('an endpoint stays until its replacement exists', async () =>
		await withTrigger(
			async (stage) => {
				const [{ id }] = stage.model.endpoints();
				expect(await send(stage.trigger, forge(stage))).toBe(false);
				expect(stage.model.endpoints().map((one) => one.id)).toEqual([id]);
				expect(await sell(stage)).toEqual([true]);
			},
			{ switches: { atLimit: '403' }, limit: 1 },
		));
});

describe('somebody who does not know the secret', () => {
	it('a sender who knows neither the secret nor the endpoint ID creates and deletes nothing', async () =>
		await withTrigger(async (stage) => {
			const { model, trigger } = stage;
			for (let minute = 0; minute < 120; minute++) {
				advance(minuteMs);
				const { headers, body } = forge(stage);
				const forged = body.replace(model.endpoints()[0].id, 'unknown');
				expect(await send(trigger, { headers, body: forged })).toBe(false);
			}
			expect(model.requests.every(({ method }, index) => index < 3 || method === 'GET')).toBe(true);
			expect(model.requests.length).toBeLessThan(3 + 120 * 3);
		}));

	it('a sender who knows only the endpoint ID causes at most 30 replacements a day and no lost sale', async () =>
		await withTrigger(async (stage) => {
			for (let tenMinutes = 0; tenMinutes < 6 * 24; tenMinutes++) {
				advance(10 * minuteMs);
				const onItsWay = stage.model.deliver('order.completed', newOrder());
				expect(await send(stage.trigger, forge(stage))).toBe(false);
				for (const delivery of onItsWay) expect(await send(stage.trigger, delivery)).toBe(true);
				expect(await sell(stage)).toEqual([true]);
			}
			expect(countCreations(stage.model)).toBeLessThanOrEqual(1 + 30);
		}));

	it('a sender who knows only the endpoint ID causes no lost sale in a second process that has just read the endpoints', async () =>
		await withTrigger(async (stage) => {
			const { model, trigger } = stage;
			const other = new TriggerMemory();
			for (let minute = 0; minute < 20; minute++) {
				advance(minuteMs);
				const forged = forge(stage);
				expect(await send(trigger, forged, other)).toBe(false);
				expect(await send(trigger, forged)).toBe(false);
				for (const delivery of model.deliver('order.completed', newOrder()))
					for (const memory of [other, trigger.memory])
						expect(await send(trigger, delivery, memory)).toBe(true);
			}
		}));

	it('if the secret is lost, forged deliveries create at most one endpoint a minute, and fewer over time', async () =>
		await withTrigger(async (stage) => {
			const { model, trigger } = stage;
			for (let minute = 0; minute < 60; minute++) {
				advance(minuteMs);
				// Whatever is repaired, the key changes again.
				trigger.credential.apiKey = keyOf(String(1 + (minute % 9)));
				delete trigger.staticData?.sealedSecret;
				expect(await send(trigger, forge(stage))).toBe(false);
			}
			expect(countCreations(model)).toBeLessThanOrEqual(1 + 8);
			expect(model.endpoints()).toHaveLength(1);
		}));
});

it.each(['hex', 'number', 'hugeNumber'] as const)(
	'a process accepts a delivery of an endpoint that another process has just created, with an ID that is %s',
	async (idForm) =>
		await withTrigger(
			async (stage) => {
				const { model, trigger } = stage;
				const other = { ...trigger, staticData: {}, memory: new TriggerMemory() };
				expect(await send(other, forge(stage))).toBe(false);
				await deactivate(trigger);
				await activate(trigger);
				for (const delivery of model.deliver('order.completed', newOrder()))
					expect(await send(other, delivery)).toBe(true);
				expect(model.endpoints()).toHaveLength(1);
			},
			{ switches: { idForm } },
		),
);

describe('Pocketsflow changed the endpoint', () => {
	it('events that Pocketsflow removed are restored after the next delivery, and the log reports this', async () =>
		await withTrigger(
			async (stage) => {
				stage.model.narrowEvents(stage.model.endpoints()[0].id, ['order.completed']);
				advance(minuteMs);
				const lines = await collectLog(async () => expect(await sell(stage)).toEqual([true]));
				expect(lines.map(({ message }) => message).join()).toMatch(/restored the events of its/);
				const events = ['order.completed', 'order.refunded'];
				expect(stage.model.endpoints()).toEqual([expect.objectContaining({ events })]);
			},
			{ events: ['order.completed', 'order.refunded'] },
		));

	it('events that Pocketsflow keeps removing are restored once, and then the log says what to do', async () =>
		await withTrigger(
			async (stage) => {
				const lines = await collectLog(async () => {
					for (let n = 0; n < 5; n++) {
						stage.model.narrowEvents(stage.model.endpoints()[0].id, ['order.completed']);
						advance(minuteMs);
						expect(await sell(stage)).toEqual([true]);
					}
				});
				const texts = lines.map(({ message }) => message);
				expect(texts.filter((text) => text.includes('restored the events'))).toHaveLength(1);
				expect(
					texts.filter((text) => text.includes("does not save the 'events' setting")),
				).toHaveLength(1);
			},
			{ events: ['order.completed', 'order.refunded'] },
		));

	it('a late delivery enables an endpoint that was disabled', async () =>
		await withTrigger(async ({ model, trigger }) => {
			const [endpoint] = model.endpoints();
			const [delivery] = model.deliver('order.completed', newOrder());
			model.disable(endpoint.id);
			advance(minuteMs);
			expect(await send(trigger, delivery)).toBe(true);
			expect(model.endpoints()).toEqual([expect.objectContaining({ active: true })]);
		}));

	it('the next publication or restart enables an endpoint that was disabled', async () =>
		await withTrigger(async ({ model, trigger }) => {
			const [{ id }] = model.endpoints();
			model.disable(id);
			restart(trigger);
			await activate(trigger);
			expect(model.endpoints()).toEqual([expect.objectContaining({ id, active: true })]);
		}));
});

describe('an account at its limit', () => {
	it.each(['403', '429'] as const)(
		'a limit that answers %s does not stop an activation if our own lost endpoint fills it',
		async (atLimit) =>
			await withTrigger(
				async (stage) => {
					const { model, trigger } = stage;
					trigger.credential.apiKey = keyOf('1');
					restart(trigger);
					await activate(trigger);
					expect(model.endpoints()).toHaveLength(1);
					expect(await sell(stage)).toEqual([true]);
				},
				{ switches: { atLimit }, limit: 1 },
			),
	);

	it('if endpoints of others fill the limit, the error shows what Pocketsflow says', async () =>
		await withTrigger(
			async ({ model, trigger }) => {
				const foreign = { ...model.addForeign('https://other.example.com/') };
				const error = await catchError(activate(trigger));
				expect(error?.message).toMatch(/limit of webhooks/);
				expect(model.endpoints()).toEqual([foreign]);
			},
			{ switches: { atLimit: '403' }, limit: 1, isPublished: false },
		));
});

describe('the answer to a creation', () => {
	it.each<[Partial<EndpointSwitches>]>([
		[{ createAnswer: 'webhook' }],
		[{ createAnswer: 'data' }],
		[{ createAnswer: 'endpoint' }],
		[{ createAnswer: 'list' }],
		[{ createAnswer: 'idOnly', readSecret: 'byIdOnly' }],
		[{ createAnswer: 'message', readSecret: 'included' }],
		[{ createAnswer: 'empty', readSecret: 'byIdOnly' }],
		[{ createSecret: 'masked', readSecret: 'byIdOnly' }],
	])(
		'a creation that is answered with %j leads to one endpoint whose deliveries are accepted',
		async (switches) =>
			await withTrigger(
				async (stage) => {
					expect(stage.model.endpoints()).toHaveLength(1);
					expect(await sell(stage)).toEqual([true]);
				},
				{ switches },
			),
	);

	it.each<[Partial<EndpointSwitches>]>([
		[{ createAnswer: 'idOnly' }],
		[{ createAnswer: 'message' }],
		[{ createAnswer: 'empty' }],
		[{ createSecret: 'absent' }],
		[{ createSecret: 'masked', readSecret: 'masked' }],
	])(
		'a creation that is answered with %j returns no secret, fails, and leaves no endpoint behind',
		async (switches) =>
			await withTrigger(
				async ({ model, trigger }) => {
					const foreign = { ...model.addForeign(trigger.url.replace('/webhook/', '/other/')) };
					for (let n = 0; n < 2; n++) {
						const error = await catchError(activate(trigger));
						expect(error?.message).toMatch(/without returning its signing secret.*Verify Delivery/);
						expect(model.endpoints()).toEqual([foreign]);
					}
				},
				{ switches, isPublished: false },
			),
	);
});

describe('deactivation while the endpoint is being replaced', () => {
	/** A process without the secret gets a sale while the workflow is deactivated by a process. */
	const race = async ({ model, trigger }: Stage, other: TriggerMemory, waitMs: number) => {
		trigger.credential.apiKey = keyOf('1');
		trigger.staticData = {};
		const [delivery] = model.deliver('order.completed', newOrder());
		const sent = send(trigger, delivery, other);
		await new Promise((resolve) => setTimeout(resolve, waitMs));
		await deactivate(trigger);
		expect(await sent).toBe(false);
	};

	it.each([20, 60, 100, 140, 180, 220])(
		'a deactivation %i ms after a delivery leaves no endpoint behind',
		async (waitMs) =>
			await withTrigger(
				async (stage) => {
					restart(stage.trigger);
					await race(stage, stage.trigger.memory, waitMs);
					expect(stage.model.endpoints()).toEqual([]);
				},
				{ delayMs: () => 15 },
			),
	);

	it.each([5, 25, 45])(
		'a delivery %i ms after the start of a deactivation leaves no endpoint behind',
		async (waitMs) =>
			await withTrigger(
				async ({ model, trigger }) => {
					restart(trigger);
					trigger.credential.apiKey = keyOf('1');
					trigger.staticData = {};
					const [delivery] = model.deliver('order.completed', newOrder());
					const deactivated = deactivate(trigger);
					await new Promise((resolve) => setTimeout(resolve, waitMs));
					expect(await send(trigger, delivery)).toBe(false);
					await deactivated;
					expect(model.endpoints()).toEqual([]);
				},
				{ delayMs: () => 40 },
			),
	);

	it('a deactivation at another address stops no repair of this one', async () =>
		await withTrigger(async (stage) => {
			const { model, trigger } = stage;
			model.changeSecret(model.endpoints()[0].id);
			const [delivery] = model.deliver('order.completed', newOrder());
			const sent = send(trigger, delivery);
			await deactivate({ ...trigger, staticData: {}, webhookBaseUrl: 'https://other.example.com' });
			expect(await sent).toBe(false);
			expect(await sell(stage)).toEqual([true]);
		}));

	it('an endpoint that a deactivation in another process left behind is taken over by the next activation', async () =>
		await withTrigger(
			async (stage) => {
				const { model, trigger } = stage;
				restart(trigger);
				await race(stage, new TriggerMemory(), 100);
				await activate(trigger);
				expect(model.endpoints()).toHaveLength(1);
				expect(await sell(stage)).toEqual([true]);
			},
			{ delayMs: () => 15 },
		));
});

describe('the requests that are sent', () => {
	const count = async ({ model }: Stage, work: () => Promise<unknown>) => {
		const before = model.requests.length;
		await work();
		return model.requests.slice(before).map(({ method }) => method);
	};
	const republish = async (trigger: Installation) => {
		await deactivate(trigger);
		await activate(trigger);
	};

	it('a first activation sends three requests', async () =>
		await withTrigger(
			async (stage) => {
				const requests = await count(stage, async () => await activate(stage.trigger));
				expect(requests).toEqual(['GET', 'POST', 'PUT']);
			},
			{ isPublished: false },
		));

	it.each<[string, (trigger: Installation) => Promise<unknown>, string[]]>([
		['a restart that changes nothing', activate, ['GET']],
		['a deactivation', deactivate, ['GET', 'DELETE']],
		['a publication that changes nothing', republish, ['GET', 'DELETE', 'GET', 'POST', 'PUT']],
		[
			'a publication with other events',
			async (trigger) => {
				await deactivate(trigger);
				trigger.parameters = { events: ['order.refunded'], options: {} };
				await activate(trigger);
			},
			['GET', 'DELETE', 'GET', 'POST', 'PUT'],
		],
		[
			'an activation with other events, without a deactivation before it',
			async (trigger) => {
				trigger.parameters = { events: ['order.refunded'], options: {} };
				await activate(trigger);
			},
			['GET', 'PUT'],
		],
		[
			'an activation after a rename that lost static data',
			async (trigger) => {
				trigger.staticData = {};
				restart(trigger);
				await activate(trigger);
			},
			['GET'],
		],
		[
			'a restart with a renewed key',
			async (trigger) => {
				trigger.credential.apiKey = keyOf('1');
				restart(trigger);
				await activate(trigger);
			},
			['GET', 'POST', 'PUT', 'GET', 'DELETE'],
		],
		[
			'a publication with a renewed key',
			async (trigger) => {
				trigger.credential.apiKey = keyOf('1');
				await republish(trigger);
			},
			['GET', 'DELETE', 'GET', 'POST', 'PUT'],
		],
	])(
		'%s sends only the requests that it needs',
		async (_what, work, expected) =>
			await withTrigger(async (stage) => {
				expect(await count(stage, async () => await work(stage.trigger))).toEqual(expected);
				expect(await sell(stage)).toHaveLength(
					expected.at(-1) === 'DELETE' && expected.length === 2
						? 0
						: stage.model.deliver('order.completed', {}).length,
				);
			}),
	);

	it('a delivery that seals a renewed key sends two requests', async () =>
		await withTrigger(async (stage) => {
			stage.trigger.credential.apiKey = keyOf('1');
			advance(minuteMs);
			expect(await count(stage, async () => await sell(stage))).toEqual(['GET', 'PUT']);
		}));

	it('a delivery that shows a changed secret sends five requests', async () =>
		await withTrigger(async (stage) => {
			stage.model.changeSecret(stage.model.endpoints()[0].id);
			const requests = await count(stage, async () => await sell(stage));
			expect(requests).toEqual(['GET', 'POST', 'PUT', 'GET', 'DELETE']);
		}));
});
