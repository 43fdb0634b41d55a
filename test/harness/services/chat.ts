import { StandIn } from './standIn';

/** Slack's and Discord's incoming webhooks, and Telegram's `sendMessage`. Strict. */
export class Chat extends StandIn {
	static async open(): Promise<Chat> {
		const chat = new Chat();
		const accept = (path: string, isMessage: (body: Message) => boolean, answer: unknown) =>
			chat.app.post<{ Body: Message }>(path, async ({ body }, reply) =>
				isMessage(body)
					? await reply.send(answer)
					: await reply.code(400).send({ ok: false, description: 'no message' }),
			);
		accept('/slack', ({ text }) => typeof text === 'string', 'ok');
		accept('/discord', ({ content }) => typeof content === 'string', {});
		accept('/telegram', ({ chat_id, text }) => Boolean(chat_id) && Boolean(text), { ok: true });
		await chat.listen();
		return chat;
	}

	get messages(): Message[] {
		return this.requests.filter(({ status }) => status < 300).map(({ body }) => body);
	}
}

type Message = Record<string, unknown>;
