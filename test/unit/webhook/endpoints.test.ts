import { NodeApiError, type IHookFunctions, type INode } from 'n8n-workflow';

import { send } from '../../../nodes/Pocketsflow/transport/send';
import {
	EndpointRequests,
	findEndpointOfOtherHost,
	findOwnEndpoints,
	openEndpointSecret,
	readStaticData,
	type Endpoint,
	type TriggerStaticData,
} from '../../../nodes/Pocketsflow/webhook/endpoints';
import { describeEndpoint, seal } from '../../../nodes/Pocketsflow/webhook/sealing';

jest.mock('../../../nodes/Pocketsflow/transport/send');

const node = { name: 'Trigger', type: 'trigger', parameters: {} } as unknown as INode;
const context = {
	getNode: () => node,
	getWorkflow: () => ({ id: 'flow' }),
} as unknown as IHookFunctions;
const shown = 'whsec_0123456789abcdef';
const options = { isUrgent: true };
const requests = new EndpointRequests(context, options);

const url = 'https://n8n.example.com/webhook/1/webhook';
const record = { _id: 'w1', url, events: ['order.completed'], active: true, description: 'mine' };
const endpoint: Endpoint = {
	id: 'w1',
	url,
	events: ['order.completed'],
	active: true,
	isMarked: false,
};

const answer = (body: unknown) => jest.mocked(send).mockResolvedValue(body);
const sent = () => jest.mocked(send).mock.calls;

beforeEach(() => jest.resetAllMocks());

describe('the list of endpoints', () => {
	it.each([
		['bare', [record]],
		['wrapped', { webhooks: [record] }],
	])('a list of endpoints that is %s is read', async (_how, body) => {
		answer(body);
		expect(await requests.list()).toEqual([endpoint]);
		expect(sent()).toEqual([
			[context, { method: 'GET', path: '/webhooks' }, 'read', undefined, options],
		]);
	});

	it.each([[{}], [{ webhooks: 'none' }], ['text']])(
		'the response %j is not a list of endpoints',
		async (body) => {
			answer(body);
			await expect(requests.list()).rejects.toThrow(
				'Pocketsflow returned no list of webhooks, so nothing was changed. Try again later.',
			);
		},
	);

	it.each([
		[{ hasMore: true }, true],
		[{ hasMore: false }, false],
		[{ hasMore: false, totalPages: 1, totalCount: 1 }, false],
		[{ hasMore: false, totalPages: 2 }, true],
		[{ hasMore: false, totalCount: 2 }, true],
		[{ totalPages: 2 }, true],
		[{ totalPages: 1, totalCount: 1 }, false],
		[{ totalCount: 2 }, true],
		[{ totalCount: '2' }, true],
		[{ totalPages: '2' }, true],
		[{ hasMore: 'true' }, true],
		[{}, false],
	])('a list with the pagination %j has another page: %j', async (pagination, isRead) => {
		answer({ webhooks: [{ ...record, _id: 'w2' }], pagination: { hasMore: false } });
		jest.mocked(send).mockResolvedValueOnce({ webhooks: [record], pagination });
		const ids = (await requests.list()).map(({ id }) => id);
		expect(ids).toEqual(isRead ? ['w1', 'w2'] : ['w1']);
		const [, second] = sent();
		if (isRead) expect(second[1]).toMatchObject({ path: '/webhooks', query: { page: 2 } });
		else expect(second).toBeUndefined();
	});

	it('a list that announces more but repeats its page is an error', async () => {
		answer({ webhooks: [record], pagination: { hasMore: true } });
		await expect(requests.list()).rejects.toThrow('an incomplete list of webhooks');
	});

	it('a list that says it is complete, counts more and ends with an empty page is complete', async () => {
		const pagination = { hasMore: false, totalCount: 5 };
		answer({ webhooks: [], pagination });
		jest.mocked(send).mockResolvedValueOnce({ webhooks: [record], pagination });
		expect(await requests.list()).toEqual([endpoint]);
		answer({ webhooks: [record], pagination });
		await expect(requests.list()).rejects.toThrow('an incomplete list of webhooks');
	});

	it('a short list that says nothing of pages is read further only if our endpoint is not in it', async () => {
		const pages = ['w1', 'w2', 'w3'].map((_id) => [{ ...record, _id }]);
		const readFor = async (wanted: string) => {
			jest.mocked(send).mockReset();
			answer([]);
			for (const page of pages) jest.mocked(send).mockResolvedValueOnce(page);
			const ids = (await requests.list(({ id }) => id === wanted)).map(({ id }) => id);
			return [ids, sent().length];
		};
		expect(await readFor('w1')).toEqual([['w1'], 1]);
		expect(await readFor('w3')).toEqual([['w1', 'w2', 'w3'], 4]);
		answer([]);
		expect(await requests.list(() => false)).toEqual([]);
		answer([record]);
		expect(await requests.list(() => false)).toEqual([endpoint]);
	});

	it.each([400, 404, 422])(
		'a short list whose second page is refused with %i has no second page',
		async (httpCode) => {
			const refusal = new NodeApiError(node, {}, { httpCode: String(httpCode) });
			jest.mocked(send).mockResolvedValueOnce([record]).mockRejectedValueOnce(refusal);
			expect(await requests.list(() => false)).toEqual([endpoint]);
			const announced = { webhooks: [record], pagination: { hasMore: true } };
			jest.mocked(send).mockResolvedValueOnce(announced).mockRejectedValueOnce(refusal);
			await expect(requests.list(() => false)).rejects.toBe(refusal);
		},
	);

	it('a list without pagination is read further if it may have more pages', async () => {
		const make = (first: number, count: number) =>
			Array.from({ length: count }, (_, n) => ({ ...record, _id: `w${first + n}` }));
		jest.mocked(send).mockResolvedValueOnce(make(0, 20)).mockResolvedValueOnce(make(20, 3));
		expect(await requests.list()).toHaveLength(23);
		answer(make(0, 20));
		expect(await requests.list()).toHaveLength(20);
		expect(sent()).toHaveLength(4);
		answer({ webhooks: make(0, 20), pagination: { hasMore: false } });
		expect(await requests.list()).toHaveLength(20);
		expect(sent()).toHaveLength(5);
	});

	it.each([
		[{ ...record, active: undefined }, { active: true }],
		[{ ...record, active: false }, { active: false }],
		[{ ...record, active: 'false' }, { active: false }],
		[{ ...record, events: 'all' }, { events: [] }],
		[{ ...record, events: ['a.b', 5] }, { events: ['a.b'] }],
		[
			{ ...record, events: ['c.d', 'a.b', 'c.d', 'customer.subscription.paused'] },
			{ events: ['a.b', 'c.d', 'customer.subscription.pause'] },
		],
		[
			{ ...record, description: describeEndpoint('flow', 'sealed') },
			{ isMarked: true, workflowId: 'flow', sealed: 'sealed' },
		],
		[{ ...record, secret: shown }, { shownSecret: shown }],
		[{ ...record, secret: 'whsec_••••••••4a7f' }, {}],
		[{ ...record, secret: 'whsec_xxxxxxxx4a7f' }, {}],
		[{ ...record, secret: 'WHSEC_XXXX4A7F01' }, {}],
		[{ ...record, secret: 'whsec_...4a7f0123' }, {}],
		[{ ...record, secret: 'whsec_…4a7f012345' }, {}],
		[{ ...record, secret: 'whsec_4a7f' }, {}],
		[{ ...record, secret: 'whsec_4a7f01234' }, {}],
		[{ ...record, secret: 'whsec_4a7f012345' }, { shownSecret: 'whsec_4a7f012345' }],
		[{ ...record, secret: 'whsec_4axxx7f.x0' }, { shownSecret: 'whsec_4axxx7f.x0' }],
		[{ ...record, secret: '' }, {}],
		[{ ...record, secret: 5 }, {}],
	])('an endpoint takes only reliable fields from %j', async (one, differences) => {
		answer([one]);
		expect(await requests.list()).toEqual([{ ...endpoint, ...differences }]);
	});

	it('a list leaves out endpoints without an ID or a URL', async () => {
		answer([
			{ ...record, _id: undefined },
			{ ...record, url: 5 },
		]);
		expect(await requests.list()).toEqual([]);
	});
});

test('static data is that of the node, and can be written', () => {
	const data: Record<string, TriggerStaticData> = { node: { endpointId: 'w1' }, global: {} };
	const getWorkflowStaticData = (type: string) => data[type];
	const stored = readStaticData({ getWorkflowStaticData } as unknown as IHookFunctions);
	expect(stored.endpointId).toBe('w1');
	stored.url = url;
	expect(data).toEqual({ node: { endpointId: 'w1', url }, global: {} });
});

describe('a new endpoint', () => {
	const wanted = { url, events: ['order.completed'], workflowId: 'flow' };
	const create = () => requests.create(wanted);
	const wrap = (times: number, value: object): object =>
		times === 0 ? value : { data: wrap(times - 1, value) };

	it('a new endpoint is active and describes our package and the workflow', async () => {
		answer({ webhook: { ...record, secret: shown } });
		expect(await create()).toEqual({ id: 'w1', secret: shown });
		const description = describeEndpoint('flow');
		const body = { url, events: ['order.completed'], active: true, description };
		expect(sent()).toEqual([
			[context, { method: 'POST', path: '/webhooks', body }, 'create', undefined, options],
		]);
	});

	it.each([
		[{}, undefined, undefined],
		[{ _id: 'w1' }, 'w1', undefined],
		[{ message: 'Created' }, undefined, undefined],
		[[{ ...record, secret: shown }], 'w1', shown],
		[{ result: { endpoint: { ...record, secret: shown } } }, 'w1', shown],
		[{ id: 'request-7', result: { ...record } }, 'w1', undefined],
		[{ ...record, secret: 'whsec_••••••••4a7f' }, 'w1', undefined],
		[{ _id: 'w1', secret: 5 }, 'w1', undefined],
		[{ _id: 'w1', description: null }, 'w1', undefined],
		[wrap(4, { ...record, secret: shown }), 'w1', shown],
		[wrap(5, { ...record, secret: shown }), undefined, undefined],
	])('a new endpoint takes its ID and secret from the response %j', async (body, id, secret) => {
		answer(body);
		expect(await create()).toEqual({ id, secret });
	});
});

describe('a secret', () => {
	it.each([
		[{ webhook: { ...record, secret: shown } }, shown],
		[record, undefined],
		[{}, undefined],
	])('a shown secret is read from %j', async (body, secret) => {
		answer(body);
		expect((await requests.get('w/1'))?.shownSecret).toBe(secret);
		expect(sent()).toEqual([
			[context, { method: 'GET', path: '/webhooks/w%2F1' }, 'read', undefined, options],
		]);
	});
});

describe('the secret of an endpoint', () => {
	const apiKey = 'pk_live_1';
	const sealed = (secret: string, key = apiKey) => seal(secret, key, url);
	const stored = { endpointId: 'w1', sealedSecret: sealed('stored') };

	it.each<[string, Partial<Endpoint>, TriggerStaticData | undefined, string | undefined]>([
		['its description', { sealed: sealed('own') }, stored, 'own'],
		['static data', {}, stored, 'stored'],
		['static data for another endpoint', { id: 'w2' }, stored, undefined],
		['neither', {}, undefined, undefined],
		[
			'a description sealed with another API key',
			{ sealed: sealed('own', 'pk_live_2') },
			{},
			undefined,
		],
	])('the secret of an endpoint is read from %s', (_where, differences, data, secret) => {
		expect(openEndpointSecret({ ...endpoint, ...differences }, { apiKey }, data)).toBe(secret);
	});
});

describe('a change', () => {
	it('a change is sent to the endpoint', async () => {
		answer({});
		expect(await requests.change('w/1', { active: true })).toBe(true);
		expect(sent()).toEqual([
			[
				context,
				{ method: 'PUT', path: '/webhooks/w%2F1', body: { active: true } },
				'change',
				undefined,
				options,
			],
		]);
	});

	const sealed = describeEndpoint('flow', 'sealed');
	it.each([
		['returned as it was sent', sealed, { ...record, description: sealed }, true],
		['returned in quotation marks', sealed, { ...record, description: `"${sealed}"` }, true],
		['returned cut', sealed, { ...record, description: sealed.slice(0, 20) }, false],
		['not returned', sealed, { webhook: { ...record, description: undefined } }, false],
		['no endpoint in the response', sealed, { success: true }, true],
		['none was sent', undefined, { ...record, description: sealed }, true],
	])(
		'a change reports whether Pocketsflow kept the description: %s',
		async (_how, description, body, isKept) => {
			answer(body);
			expect(await requests.change('w1', { active: true, description })).toBe(isKept);
		},
	);
});

describe('a removal', () => {
	const refuse = (httpCode: string) =>
		jest.mocked(send).mockRejectedValue(new NodeApiError(node, {}, { httpCode }));

	it('a removal succeeds even if the endpoint no longer exists', async () => {
		answer({});
		await requests.remove('w/1');
		expect(sent()).toEqual([
			[context, { method: 'DELETE', path: '/webhooks/w%2F1' }, 'change', undefined, options],
		]);
		refuse('404');
		await expect(requests.remove('w1')).resolves.toBeUndefined();
	});

	it('a removal fails if Pocketsflow refuses it', async () => {
		refuse('403');
		await expect(requests.remove('w1')).rejects.toBeInstanceOf(NodeApiError);
	});
});

describe('our own endpoints', () => {
	const ours: Endpoint = { ...endpoint, isMarked: true };
	const at = (address: string, one = ours): Endpoint => ({ ...one, url: address });
	const insecure = url.replace('https', 'http');
	const elsewhere = url.replace('n8n.', 'other.');
	const stored = { endpointId: 'w1', url };

	it.each([
		['at this URL, whoever created it', endpoint, {}, true],
		['at another URL', at(elsewhere), {}, false],
		['at another URL that is stored', at(elsewhere), stored, true],
		['stored with another scheme', at(elsewhere), { ...stored, url: insecure }, true],
		['stored with another host', at(elsewhere), { ...stored, url: elsewhere }, false],
		['stored without a URL', at(elsewhere), { endpointId: 'w1' }, false],
		['stored, without our mark', at(elsewhere, endpoint), stored, false],
		['stored under another ID', at(elsewhere), { ...stored, endpointId: 'w2' }, false],
	])('an endpoint is ours or not: %s', (_what, one, data, is) => {
		expect(findOwnEndpoints([one], url, data)).toEqual(is ? [one] : []);
	});

	it('our endpoints at this URL are found without stored data', () => {
		expect(findOwnEndpoints([ours, at(elsewhere)], url)).toEqual([ours]);
	});

	it.each([
		['under another host', at(elsewhere), stored, true],
		['under this host', at(insecure), stored, false],
		['under another path', at(`${elsewhere}/x`), stored, false],
		['without our mark', at(elsewhere, endpoint), stored, false],
		['under another ID', at(elsewhere), { ...stored, endpointId: 'w2' }, false],
	])('an endpoint of an earlier host is found or not: %s', (_what, one, data, is) => {
		expect(findEndpointOfOtherHost([one], url, data)).toBe(is ? one : undefined);
	});
});
