import type { IDataObject, INode, IPollFunctions } from 'n8n-workflow';

import type { PocketsflowRequest } from '../../../nodes/Pocketsflow/api/request';
import { poll } from '../../../nodes/Pocketsflow/polling/poll';
import { createMemory } from '../../../nodes/Pocketsflow/polling/pollContext';

jest.mock('../../../nodes/Pocketsflow/transport/send', () => ({
	send: async (context: { answer(request: unknown): unknown }, request: unknown) =>
		await context.answer(request),
}));
jest.mock('../../../nodes/Pocketsflow/transport/credential', () => ({
	loadCredential: async () => ({ mode: 'live' }),
	forgetCredential: () => undefined,
}));

const node: INode = {
	id: 'node',
	name: 'Polling',
	type: 'polling',
	typeVersion: 1,
	position: [0, 0],
	parameters: {},
};

/** What a polling trigger meets outside of n8n. */
export interface Surroundings {
	readParameters(): IDataObject;
	answer(request: PocketsflowRequest): unknown;
	mode?: 'trigger' | 'manual';
}

/**
 * A polling trigger, and what n8n keeps for it: in memory while it runs, and in its database.
 * Who needs something of `polling/` that sends must take it from here: only this module has no real transport.
 */
export class SimulatedNode {
	static readonly createMemory = createMemory;

	memory = createMemory();
	staticData: IDataObject = {};
	/** What n8n's database holds. */
	saved = '{}';
	activation = 'activate';
	/** Parts of polls that failed. */
	readonly failures: string[] = [];

	constructor(private readonly surroundings: Surroundings) {}

	private readonly context = {
		getMode: () => this.surroundings.mode ?? 'trigger',
		getActivationMode: () => this.activation,
		getWorkflow: () => ({ id: 'workflow' }),
		getNode: () => node,
		logger: { warn: () => undefined },
		__emitError: ({ message }: Error) => void this.failures.push(message),
		getTimezone: () => 'Europe/Berlin',
		getNodeParameter: (path: string, fallback: unknown) =>
			path
				.split('.')
				.reduce<unknown>(
					(value, key) => (value as IDataObject | undefined)?.[key],
					this.surroundings.readParameters(),
				) ?? fallback,
		getWorkflowStaticData: () => this.staticData,
		answer: async (request: PocketsflowRequest) => await this.surroundings.answer(request),
	} as unknown as IPollFunctions;

	poll = async (): Promise<IDataObject[] | undefined> => await poll(this.context, this.memory);

	save(): void {
		this.saved = JSON.stringify(this.staticData);
	}

	load(): void {
		this.staticData = JSON.parse(this.saved) as IDataObject;
	}

	/** n8n starts again; what was not saved is gone. */
	restart(): void {
		this.memory = createMemory();
		this.load();
		this.activation = 'init';
	}
}
