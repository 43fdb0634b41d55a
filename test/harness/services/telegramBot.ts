import axios from 'axios';

import { StandIn } from './standIn';

interface Registration {
	url: string;
	secret_token: string;
}

interface Sent {
	chat_id: string | number;
	text: string;
	parse_mode?: string;
}

/** A bot's side of Telegram: it sends what people write to the registered webhook, and takes messages. */
export class TelegramBot extends StandIn {
	readonly token = '7000000002:telegram-test-token';

	readonly sent: Sent[] = [];

	private registration: Registration | undefined;

	static async open(): Promise<TelegramBot> {
		const bot = new TelegramBot();
		const answer = (method: string, take: (body: unknown) => unknown) =>
			bot.app.post(`/bot${bot.token}/${method}`, ({ body }, reply) =>
				reply.send({ ok: true, result: take(body) }),
			);
		answer('getWebhookInfo', () => ({ url: bot.registration?.url ?? '' }));
		answer('setWebhook', (body) => {
			bot.registration = body as Registration;
			return true;
		});
		answer('deleteWebhook', () => {
			bot.registration = undefined;
			return true;
		});
		answer('sendMessage', (body) => bot.sent.push(body as Sent) && { message_id: bot.sent.length });
		await bot.listen();
		return bot;
	}

	/** What n8n's credential of the type `telegramApi` holds. */
	get credential(): { accessToken: string; baseUrl: string } {
		return { accessToken: this.token, baseUrl: this.url };
	}

	readChat(chat: number): string[] {
		return this.sent
			.filter(({ chat_id }) => String(chat_id) === String(chat))
			.map(({ text }) => text);
	}

	async write(chat: number, text: string): Promise<void> {
		if (!this.registration) throw new Error('The bot has no webhook.');
		const { url, secret_token } = this.registration;
		const message = { message_id: 1, chat: { id: chat, type: 'private' }, text };
		const headers = { 'x-telegram-bot-api-secret-token': secret_token };
		await axios.post(url, { update_id: 1, message }, { headers, proxy: false });
	}
}
