// A few hundred emoji by the names that people type. The system's font draws them.

const TABLE = `
smile 😄|smiley 😃|grinning 😀|grin 😁|laughing 😆|sweat_smile 😅|joy 😂|rofl 🤣|slight_smile 🙂|upside_down 🙃|wink 😉|blush 😊|innocent 😇|heart_eyes 😍|star_struck 🤩|kissing_heart 😘|yum 😋|stuck_out_tongue 😛|zany_face 🤪|hugging 🤗|thinking 🤔|shushing_face 🤫|neutral_face 😐|expressionless 😑|smirk 😏|unamused 😒|rolling_eyes 🙄|grimacing 😬|relieved 😌|pensive 😔|sleepy 😪|sleeping 😴|mask 😷|nauseated_face 🤢|exploding_head 🤯|cowboy 🤠|partying_face 🥳|sunglasses 😎|nerd 🤓|confused 😕|worried 😟|open_mouth 😮|astonished 😲|flushed 😳|pleading_face 🥺|fearful 😨|cry 😢|sob 😭|scream 😱|disappointed 😞|sweat 😓|tired_face 😫|yawning_face 🥱|triumph 😤|rage 😡|angry 😠|skull 💀|poop 💩|clown 🤡|ghost 👻|alien 👽|robot 🤖|cat 🐱|dog 🐶|monkey_face 🐵|see_no_evil 🙈|hear_no_evil 🙉|speak_no_evil 🙊
heart ❤️|orange_heart 🧡|yellow_heart 💛|green_heart 💚|blue_heart 💙|purple_heart 💜|black_heart 🖤|broken_heart 💔|two_hearts 💕|sparkling_heart 💖|100 💯|boom 💥|dizzy 💫|sweat_drops 💦|dash 💨|speech_balloon 💬|zzz 💤
thumbsup 👍|thumbsdown 👎|+1 👍|-1 👎|wave 👋|raised_hand ✋|ok_hand 👌|v ✌️|crossed_fingers 🤞|metal 🤘|call_me 🤙|point_left 👈|point_right 👉|point_up ☝️|point_down 👇|fist ✊|punch 👊|clap 👏|raised_hands 🙌|open_hands 👐|handshake 🤝|pray 🙏|muscle 💪|eyes 👀|eye 👁️|brain 🧠|tongue 👅
sunny ☀️|cloud ☁️|umbrella ☔|snowflake ❄️|zap ⚡|fire 🔥|droplet 💧|ocean 🌊|rainbow 🌈|star ⭐|star2 🌟|sparkles ✨|crescent_moon 🌙|earth_africa 🌍|volcano 🌋|rose 🌹|sunflower 🌻|tulip 🌷|four_leaf_clover 🍀|maple_leaf 🍁|cactus 🌵|evergreen_tree 🌲|mushroom 🍄
fox 🦊|bear 🐻|panda_face 🐼|koala 🐨|tiger 🐯|lion_face 🦁|cow 🐮|pig 🐷|frog 🐸|chicken 🐔|penguin 🐧|bird 🐦|duck 🦆|owl 🦉|bat 🦇|wolf 🐺|unicorn 🦄|bee 🐝|bug 🐛|butterfly 🦋|snail 🐌|turtle 🐢|snake 🐍|octopus 🐙|crab 🦀|dolphin 🐬|whale 🐳|shark 🦈|hedgehog 🦔
apple 🍎|banana 🍌|grapes 🍇|strawberry 🍓|watermelon 🍉|lemon 🍋|avocado 🥑|tomato 🍅|carrot 🥕|corn 🌽|bread 🍞|cheese 🧀|egg 🥚|hamburger 🍔|fries 🍟|pizza 🍕|taco 🌮|sushi 🍣|ramen 🍜|doughnut 🍩|cookie 🍪|cake 🍰|birthday 🎂|chocolate_bar 🍫|popcorn 🍿|coffee ☕|tea 🍵|beer 🍺|beers 🍻|wine_glass 🍷|champagne 🍾
soccer ⚽|basketball 🏀|trophy 🏆|medal 🏅|first_place 🥇|second_place 🥈|third_place 🥉|dart 🎯|video_game 🎮|game_die 🎲|jigsaw 🧩|art 🎨|musical_note 🎵|guitar 🎸|drum 🥁|microphone 🎤|headphones 🎧|movie_camera 🎥
car 🚗|bus 🚌|bike 🚲|airplane ✈️|rocket 🚀|ship 🚢|house 🏠|tent ⛺|mountain ⛰️|beach 🏖️|city 🏙️
gift 🎁|tada 🎉|balloon 🎈|confetti_ball 🎊|bulb 💡|wrench 🔧|hammer 🔨|tools 🛠️|gear ⚙️|link 🔗|lock 🔒|unlock 🔓|key 🔑|mag 🔍|bell 🔔|no_bell 🔕|mega 📣|loudspeaker 📢|alarm_clock ⏰|stopwatch ⏱️|hourglass ⌛|calendar 📅|pushpin 📌|paperclip 📎|scissors ✂️|pencil ✏️|memo 📝|books 📚|book 📖|newspaper 📰|package 📦|mailbox 📫|envelope ✉️|computer 💻|keyboard ⌨️|phone 📱|battery 🔋|camera 📷|tv 📺|moneybag 💰|gem 💎|coin 🪙|chart_with_upwards_trend 📈|chart_with_downwards_trend 📉|bar_chart 📊|test_tube 🧪|microscope 🔬|telescope 🔭|shield 🛡️|crown 👑|ring 💍
white_check_mark ✅|ballot_box_with_check ☑️|heavy_check_mark ✔️|x ❌|no_entry ⛔|warning ⚠️|question ❓|exclamation ❗|bangbang ‼️|red_circle 🔴|orange_circle 🟠|yellow_circle 🟡|green_circle 🟢|blue_circle 🔵|purple_circle 🟣|white_circle ⚪|black_circle ⚫|arrow_up ⬆️|arrow_down ⬇️|arrow_left ⬅️|arrow_right ➡️|arrows_counterclockwise 🔄|recycle ♻️|heavy_plus_sign ➕|heavy_minus_sign ➖|infinity ♾️|one 1️⃣|two 2️⃣|three 3️⃣|four 4️⃣|five 5️⃣|six 6️⃣|seven 7️⃣|eight 8️⃣|nine 9️⃣|keycap_ten 🔟|checkered_flag 🏁|triangular_flag_on_post 🚩|rainbow_flag 🏳️‍🌈
`;

/** `[name, characters]` in the order of the picker. */
export const EMOJI = TABLE.trim().split(/[\n|]/).map((pair) => pair.split(" "));
const BY_NAME = new Map(EMOJI);

/** The quick reactions. */
export const QUICK = ["👍", "❤️", "😂", "🎉", "👀", "🔥"];

/** The name of an emoji, for screen readers. */
export function nameOf(characters) {
  return EMOJI.find(([, one]) => one === characters)?.[0].replaceAll("_", " ") ?? characters;
}

/** Emoji whose name contains `part`; names that start with it come first. */
export function matching(part, most = 10) {
  const wanted = part.toLowerCase();
  const begins = EMOJI.filter(([name]) => name.startsWith(wanted));
  const has = EMOJI.filter(([name]) => !name.startsWith(wanted) && name.includes(wanted));
  return [...begins, ...has].slice(0, most);
}

/** Replaces `:tada:` by 🎉; unknown names and code stay as they are. `custom` maps the names of the guild's own emoji.
 *  */
export function withEmoji(text, custom = new Map()) {
  return text.replace(/(```[^]*?```|`[^`\n]*`)|(?<![<\w]):([\w+-]{1,32}):(?!\d)/g, (all, code, name) =>
    code ?? custom.get(name) ?? BY_NAME.get(name) ?? all);
}
