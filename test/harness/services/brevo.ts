import { StandIn } from './standIn';

interface ContactFields {
	email?: string;
	listIds?: number[];
	unlinkListIds?: number[];
	updateEnabled?: boolean;
}

/** The part of Brevo's API (v3) that puts contacts on lists and takes them off. */
export class Brevo extends StandIn {
	readonly list = 7;

	readonly apiKey = 'xkeysib-test';

	/** The contacts by their addresses, with the numbers of their lists. */
	readonly contacts = new Map<string, Set<number>>();

	static async open(): Promise<Brevo> {
		const brevo = new Brevo();
		brevo.addRoutes();
		await brevo.listen();
		return brevo;
	}

	isOnList(email: string): boolean {
		return this.contacts.get(email)?.has(this.list) ?? false;
	}

	private addRoutes(): void {
		this.app.addHook('preHandler', async ({ headers }, reply) => {
			if (headers['api-key'] === this.apiKey) return;
			await reply.code(401).send({ code: 'unauthorized', message: 'Key not found' });
		});
		this.app.post<{ Body: ContactFields }>('/contacts', async ({ body }, reply) => {
			const { email = '', listIds = [], updateEnabled = false } = body;
			const known = this.contacts.get(email);
			if (known && !updateEnabled)
				return await reply
					.code(400)
					.send({ code: 'duplicate_parameter', message: 'Contact already exist' });
			if (listIds.some((id) => id !== this.list))
				return await reply
					.code(400)
					.send({ code: 'invalid_parameter', message: 'List ID does not exist' });
			this.contacts.set(email, new Set([...(known ?? []), ...listIds]));
			return known
				? await reply.code(204).send()
				: await reply.code(201).send({ id: this.contacts.size });
		});
		this.app.put<{ Body: ContactFields; Params: { email: string } }>(
			'/contacts/:email',
			async ({ body, params }, reply) => {
				const known = this.contacts.get(params.email);
				if (!known)
					return await reply
						.code(404)
						.send({ code: 'document_not_found', message: 'Contact does not exist' });
				for (const id of body.unlinkListIds ?? []) known.delete(id);
				return await reply.code(204).send();
			},
		);
	}
}
