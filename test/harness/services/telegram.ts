import { StandIn } from './standIn';

interface Link {
	isUsed: boolean;
	isRevoked: boolean;
}

interface MethodParams {
	bot: string;
	method: string;
}

type Arguments = Record<string, unknown>;

class Refusal extends Error {}

/** The part of Telegram's Bot API that lets people into a chat by links and removes them. */
export class Telegram extends StandIn {
	readonly chat = '-1001234567890';

	readonly token = '7000000001:telegram-test-token';

	readonly members = new Set<number>();

	readonly links = new Map<string, Link>();

	private readonly methods: Record<string, (input: Arguments) => unknown> = {
		createChatInviteLink: (input) => {
			const address = `https://t.me/+link${this.links.size + 1}`;
			this.links.set(address, { isUsed: false, isRevoked: false });
			const { name, member_limit } = input;
			return { invite_link: address, name, member_limit, is_revoked: false };
		},
		revokeChatInviteLink: ({ invite_link }) => {
			const link = this.links.get(String(invite_link));
			if (!link || link.isRevoked) throw new Refusal('Bad Request: INVITE_HASH_EXPIRED');
			link.isRevoked = true;
			return { invite_link, is_revoked: true };
		},
		banChatMember: ({ user_id }) => {
			if (typeof user_id !== 'number') throw new Refusal('Bad Request: invalid user_id specified');
			this.members.delete(user_id);
			return true;
		},
	};

	static async open(): Promise<Telegram> {
		const telegram = new Telegram();
		telegram.app.post<{ Params: MethodParams; Body: Arguments }>(
			'/:bot/:method',
			async ({ params, body }, reply) => {
				const { status, answer } = telegram.answer(params, body);
				return await reply.code(status).send(answer);
			},
		);
		await telegram.listen();
		return telegram;
	}

	/** The address with the token of the bot, before the name of a method. */
	get botUrl(): string {
		return `${this.url}/bot${this.token}`;
	}

	/** Lets somebody in who opens a link, unless it is used up or revoked. */
	join(user: number, address: string): boolean {
		const link = this.links.get(address);
		if (!link || link.isUsed || link.isRevoked) return false;
		link.isUsed = true;
		this.members.add(user);
		return true;
	}

	private answer({ bot, method }: MethodParams, input: Arguments) {
		const refuse = (status: number, description: string) => ({
			status,
			answer: { ok: false, error_code: status, description },
		});
		if (bot !== `bot${this.token}`) return refuse(401, 'Unauthorized');
		if (!this.methods[method]) return refuse(404, 'Not Found');
		if (input.chat_id !== this.chat) return refuse(400, 'Bad Request: chat not found');
		try {
			return { status: 200, answer: { ok: true, result: this.methods[method](input) } };
		} catch (error) {
			if (error instanceof Refusal) return refuse(400, error.message);
			throw error;
		}
	}
}
