"""The 1,000 classes of ImageNet (Russakovsky et al. 2015), in their order, as networks number them.

The list is torchvision's own. Its file is read without the package around it, which would
bring torch along: a dashboard that completes words needs no network. Names that mislead
when they stand alone, or that few people use, have another title here.
"""

from __future__ import annotations

import importlib.util
from functools import lru_cache
from pathlib import Path

from pipeline.errors import EmbeddingError

COUNT = 1000

TITLES = {
    # Animals that share their name with a person, a place or a thing
    "cock": "rooster", "kite": "kite (bird)", "drake": "drake (duck)", "crane bird": "crane (bird)",
    "African grey": "gray parrot", "tusker": "tusked elephant", "admiral": "admiral butterfly",
    "ringlet": "ringlet butterfly", "monarch": "monarch butterfly", "lycaenid": "blue butterfly",
    "sorrel": "chestnut horse", "hog": "pig", "Angora": "Angora rabbit", "wood rabbit": "cottontail rabbit",
    "boxer": "boxer dog", "papillon": "papillon dog", "chow": "chow chow", "Lhasa": "Lhasa Apso",
    "cairn": "cairn terrier", "Airedale": "Airedale terrier", "Leonberg": "Leonberger",
    "Newfoundland": "Newfoundland dog", "Great Pyrenees": "Pyrenean mountain dog",
    "Pembroke": "Pembroke corgi", "Cardigan": "Cardigan corgi", "kelpie": "kelpie dog",
    "basset": "basset hound", "redbone": "redbone coonhound", "bluetick": "bluetick coonhound",
    "clumber": "clumber spaniel", "Japanese spaniel": "Japanese chin", "Boston bull": "Boston terrier",
    "Brabancon griffon": "Brussels griffon", "Mexican hairless": "hairless dog",
    "dalmatian": "Dalmatian", "titi": "titi monkey", "patas": "patas monkey",
    "lesser panda": "red panda", "giant panda": "panda", "ice bear": "polar bear",
    "African hunting dog": "African wild dog", "killer whale": "orca", "coho": "salmon",
    "rock beauty": "rock beauty fish", "puffer": "pufferfish", "gar": "garfish",
    "anemone fish": "clownfish", "water ouzel": "dipper (bird)", "conch": "conch shell",
    "Madagascar cat": "ring-tailed lemur", "indri": "indri lemur", "mantis": "praying mantis",
    "American chameleon": "anole", "African chameleon": "chameleon", "walking stick": "stick insect",
    # Things
    "amphibian": "amphibious vehicle", "ashcan": "trash can", "barrow": "wheelbarrow",
    "bannister": "banister", "beach wagon": "station wagon", "beacon": "lighthouse",
    "bearskin": "bearskin hat", "bell cote": "bell tower", "binder": "ring binder",
    "bow": "archer's bow", "brass": "memorial plaque", "cab": "taxi", "caldron": "cauldron",
    "carpenter's kit": "tool kit", "cash machine": "ATM", "cellular telephone": "cell phone",
    "chainlink fence": "chain-link fence", "chest": "treasure chest", "chime": "wind chime",
    "cinema": "movie theater", "crane": "construction crane", "Crock Pot": "slow cooker",
    "dial telephone": "rotary phone", "dishrag": "dishcloth", "ear": "ear of corn",
    "electric fan": "fan", "file": "filing cabinet", "fire engine": "fire truck",
    "French loaf": "baguette", "gasmask": "gas mask", "golfcart": "golf cart", "grille": "car grille",
    "groom": "bridegroom", "hair slide": "hair clip", "half track": "half-track",
    "hamper": "laundry basket", "hand blower": "hair dryer", "hard disc": "hard disk",
    "hand-held computer": "handheld computer", "head cabbage": "cabbage", "hip": "rose hip",
    "hook": "metal hook", "hotdog": "hot dog", "ice lolly": "popsicle", "iron": "clothes iron",
    "jean": "jeans", "jersey": "T-shirt", "jinrikisha": "rickshaw", "liner": "ocean liner",
    "Loafer": "loafer", "lumbermill": "sawmill", "maillot": "swimsuit",
    "maillot tank suit": "one-piece swimsuit", "mortar": "mortar and pestle",
    "mountain tent": "tent", "mouse": "computer mouse", "nail": "metal nail", "nipple": "baby bottle teat",
    "notebook": "notebook computer", "organ": "pipe organ", "pajama": "pajamas",
    "passenger car": "railway carriage", "pay-phone": "pay phone", "pick": "guitar pick",
    "pickup": "pickup truck", "pitcher": "jug", "plane": "carpenter's plane", "pole": "metal pole",
    "pop bottle": "soda bottle", "pot": "flower pot", "promontory": "headland",
    "racer": "race car", "reel": "fishing reel", "rule": "ruler", "rubber eraser": "eraser", "safe": "strongbox",
    "sax": "saxophone", "scale": "weighing scale", "screen": "computer screen",
    "slot": "slot machine", "stole": "fur stole",
    "streetcar": "tram", "studio couch": "couch", "sunglass": "pair of sunglasses",
    "switch": "light switch", "teddy": "teddy bear", "tile roof": "tiled roof", "toilet tissue": "toilet paper",
    "trifle": "trifle dessert", "upright": "upright piano", "vacuum": "vacuum cleaner",
    "vault": "vaulted ceiling", "warplane": "military airplane", "washbasin": "sink",
    "washer": "washing machine", "web site": "website", "wing": "airplane wing",
    "worm fence": "rail fence", "wreck": "shipwreck", "ballplayer": "baseball player",
    "rapeseed": "rapeseed field", "Granny Smith": "green apple", "buckeye": "horse chestnut", "orange": "orange (fruit)",
    "alp": "alpine mountain", "tank": "military tank", "tub": "wooden tub",
    "consomme": "clear soup", "carbonara": "spaghetti carbonara",
}  # fmt: skip
"""{name in the list: title}: what people call a class whose name says something else, or little."""


@lru_cache
def names() -> tuple[str, ...]:
    """The 1,000 names as the list has them; EmbeddingError where the installed list is another one."""
    package = importlib.util.find_spec("torchvision")
    file = Path(package.submodule_search_locations[0], "models", "_meta.py") if package else None
    spec = file and importlib.util.spec_from_file_location("_imagenet_names", file)
    if spec is None:
        raise EmbeddingError("The names of ImageNet's classes are wanting; install torchvision again.")
    listed = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(listed)
    found = tuple(listed._IMAGENET_CATEGORIES)
    if len(found) != COUNT or (found[0], found[-1]) != ("tench", "toilet tissue"):
        raise EmbeddingError("This torchvision names ImageNet's classes otherwise than Likeness knows them.")
    return found


@lru_cache
def titles() -> tuple[str, ...]:
    """What each class is called on screen: 1,000, no two alike but for capital letters."""
    return tuple(TITLES.get(name, name) for name in names())
