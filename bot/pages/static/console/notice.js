// The few pages beside the group (login, refusals) need Chinese letters too.

import { ensureChinese } from "./dom.js";

ensureChinese();
