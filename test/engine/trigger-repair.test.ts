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
	it('the delivery that shows it is refused, and from the next on all are accepted, also after a restart', async () =>
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

	it('if n8n was restarted since: the same', async () =>
		await withTrigger(async (stage) => {
			stage.model.changeSecret(stage.model.endpoints()[0].id);
			restart(stage.trigger);
			await activate(stage.trigger);
			expect(await sell(stage)).toEqual([false]);
			expect(await sell(stage)).toEqual([true]);
		}));

	it('if Pocketsflow shows secrets: nothing is refused, nor with a new key after a restart', async () =>
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

	it('a masked secret that Pocketsflow shows verifies nothing', async () =>
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

	it('the replaced endpoint stays until a new one is there, whatever that is answered', async () =>
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
	it('creates and deletes nothing without the ID of the endpoint', async () =>
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

	it('with it causes at most 30 replacements a day, and costs nobody a sale', async () =>
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

	it('with it costs nobody a sale in a second process that read the endpoints a moment ago', async () =>
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

	it('cannot create an endpoint more than once a minute, and ever less often, if the secret is lost', async () =>
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
	'a process that asked a moment ago accepts a delivery of the endpoint that another has created since, with an ID that is %s',
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
	it('its events were narrowed: they are restored after the next delivery, which the log says', async () =>
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

	it('its events are narrowed again and again: they are restored once, and then the log says what to do', async () =>
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

	it('it was disabled: a delivery that was on its way enables it again', async () =>
		await withTrigger(async ({ model, trigger }) => {
			const [endpoint] = model.endpoints();
			const [delivery] = model.deliver('order.completed', newOrder());
			model.disable(endpoint.id);
			advance(minuteMs);
			expect(await send(trigger, delivery)).toBe(true);
			expect(model.endpoints()).toEqual([expect.objectContaining({ active: true })]);
		}));

	it('it was disabled: the next publication or restart enables it again', async () =>
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
		'that answers %s is no obstacle if our own lost endpoint is what fills it',
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

	it('whose limit others fill is left as it is, and the error says what Pocketsflow says', async () =>
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
		'with %j leads to one endpoint whose deliveries are accepted',
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
		'with %j, which tells no secret, is an error that leaves no endpoint behind',
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
		'by the same process leaves none behind, %i ms after the delivery',
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

	it('by another process may leave one behind, which the next activation takes over', async () =>
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

describe('the requests of', () => {
	const count = async ({ model }: Stage, work: () => Promise<unknown>) => {
		const before = model.requests.length;
		await work();
		return model.requests.slice(before).map(({ method }) => method);
	};
	const republish = async (trigger: Installation) => {
		await deactivate(trigger);
		await activate(trigger);
	};

	it('a first activation are three', async () =>
		await withTrigger(
			async (stage) => {
				const requests = await count(stage, async () => await activate(stage.trigger));
				expect(requests).toEqual(['GET', 'POST', 'PUT']);
			},
			{ isPublished: false },
		));

	it.each<[string, (trigger: Installation) => Promise<unknown>, string[]]>([
		['a restart of which nothing came', activate, ['GET']],
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
		'%s are these',
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

	it('a delivery after which a renewed key is sealed are two', async () =>
		await withTrigger(async (stage) => {
			stage.trigger.credential.apiKey = keyOf('1');
			advance(minuteMs);
			expect(await count(stage, async () => await sell(stage))).toEqual(['GET', 'PUT']);
		}));

	it('a delivery that shows a changed secret are five', async () =>
		await withTrigger(async (stage) => {
			stage.model.changeSecret(stage.model.endpoints()[0].id);
			const requests = await count(stage, async () => await sell(stage));
			expect(requests).toEqual(['GET', 'POST', 'PUT', 'GET', 'DELETE']);
		}));
});
